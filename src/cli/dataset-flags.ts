/** @file What the commands that make datasets share: flags, progress, and the report at the end. */
import { resolve } from "node:path";
import type { Logger } from "../core/logger.ts";
import { UsageError } from "../errors.ts";
import type { DatasetSummary } from "../plugins/dataset/build.ts";
import type { Flag, FlagValues, Io } from "./command.ts";
import { duration } from "./progress.ts";

const ENCODINGS = ["none", "png"] as const;
const SPLITS = ["slice", "patient"] as const;

/** Flags of every command that makes a dataset. */
export const datasetFlags = {
  out: { type: "string", value: "DIR", summary: "the dataset folder to make", required: true },
  "val-percent": {
    type: "number",
    value: "N",
    summary: "share of the records that validate, in percent",
    default: 10,
  },
  split: {
    type: "string",
    value: SPLITS.join("|"),
    summary:
      "what is dealt out to training and validation: slices, as DIGITS does, or whole patients",
    default: "slice",
  },
  seed: { type: "number", value: "N", summary: "seed of the shuffle before the split", default: 0 },
  encoding: {
    type: "string",
    value: ENCODINGS.join("|"),
    summary: "how features are stored",
    default: "none",
  },
  "label-encoding": {
    type: "string",
    value: ENCODINGS.join("|"),
    summary: "how labels are stored",
    default: "none",
  },
  force: { type: "boolean", summary: "replace the dataset in --out", default: false },
} as const satisfies Record<string, Flag>;

/** @throws UsageError when a flag's value is none of the choices. */
export function choice<Choice extends string>(
  flags: FlagValues,
  name: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((candidate) => candidate === flags[name]);
  if (found === undefined) {
    throw new UsageError(`--${name} is ${flags[name]}; expected ${choices.join(" or ")}`);
  }
  return found;
}

/** The values of `datasetFlags` as options of the plug-ins. */
export function datasetOptions(flags: FlagValues, io: Io) {
  return {
    out: resolve(io.cwd, String(flags.out)),
    featureEncoding: choice(flags, "encoding", ENCODINGS),
    labelEncoding: choice(flags, "label-encoding", ENCODINGS),
    valPercent: Number(flags["val-percent"]),
    split: choice(flags, "split", SPLITS),
    seed: wholeNumber(flags, "seed"),
    force: flags.force === true,
    logger: messageLogger(io),
    onProgress: progressOf(io, "records"),
    signal: io.signal,
  };
}

/** @throws UsageError for a fraction or a negative number. */
export function wholeNumber(flags: FlagValues, name: string): number {
  const value = Number(flags[name]);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new UsageError(`--${name} is ${flags[name]}; expected a whole number of at least 0`);
  }
  return value;
}

/** Prints messages to standard error as they are, warnings marked. */
function messageLogger(io: Io): Logger {
  return {
    log: (level, _source, message) => io.err(level === "info" ? message : `${level}: ${message}`),
  };
}

const REDRAW_MS = 100;

/** Draws `120/260 records  46 %  231/s  ETA 0:01`; undefined where no progress is shown. */
export function progressOf(
  io: Io,
  what: string,
  now: () => number = () => performance.now(),
): ((done: number, total: number) => void) | undefined {
  const draw = io.progress;
  if (!draw) return undefined;
  const begin = now();
  let lastDrawn = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const time = now();
    if (time - lastDrawn < REDRAW_MS && done < total) return;
    lastDrawn = time;
    const perSecond = (done / Math.max(1, time - begin)) * 1000;
    draw(
      [
        `${done}/${total} ${what}`,
        `${Math.floor((100 * done) / total)} %`,
        `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`,
        `ETA ${duration((total - done) / perSecond)}`,
      ].join("  "),
    );
  };
}

/** What was made, in a few lines. */
export function reportDataset(summary: DatasetSummary, io: Io): void {
  const { folder, train, val, leftOut, featureShape, labelShape } = summary;
  io.out(`train_db: ${train} records, val_db: ${val} records`);
  io.out(`feature shape (${featureShape.join(", ")}), label shape (${labelShape.join(", ")})`);
  const total = train + val + leftOut.length;
  io.out(`${train + val} of ${total} records kept, ${leftOut.length} left out; wrote ${folder}`);
}
