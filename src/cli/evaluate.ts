/** @file `cortado evaluate`: a trained job on a whole half of its dataset, worst records first. */
import { resolve } from "node:path";
import {
  type EvaluationSummary,
  evaluationCsv,
  recordDice,
  recordIou,
  summarize,
} from "../job/evaluation-summary.ts";
import { type Evaluation, evaluate } from "../job/evaluation.ts";
import { jobModel } from "../job/job-model.ts";
import { readJobRecord } from "../job/job-record.ts";
import { recordName } from "../job/record-name.ts";
import { Segmenter } from "../job/segmenter.ts";
import { writeFileAtomically } from "../model-file/index.ts";
import { netFlags, netOptions, text } from "./caffe-flags.ts";
import type { Command, FlagValues, Io } from "./command.ts";
import { choice, progressOf, wholeNumber } from "./dataset-flags.ts";
import { fenceFlag, fenceOf, fenceReadFlag } from "./fence-flags.ts";
import { tableLines } from "./table.ts";

export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "score a trained job on its validation set, worst records first",
  positionals: ["JOB"],
  flags: {
    snapshot: { type: "number", value: "ITER", summary: "the iteration; the newest if absent" },
    stage: {
      type: "string",
      value: "val|train",
      summary: "which half of the dataset",
      default: "val",
    },
    dataset: { type: "string", value: "DIR", summary: "another dataset than the job's own" },
    worst: { type: "number", value: "N", summary: "records in the table", default: 10 },
    csv: { type: "string", value: "FILE", summary: "write a line a record there" },
    out: { type: "string", value: "FILE", summary: "write everything as JSON there" },
    json: { type: "boolean", summary: "print JSON", default: false },
    "fence-layers": fenceFlag,
    "fence-read": fenceReadFlag,
    threads: netFlags.threads,
    engine: netFlags.engine,
  },

  async run(flags, [job], io) {
    const found = await evaluateJob(resolve(io.cwd, job!), flags, io);
    const json = () => `${JSON.stringify(found, undefined, 1)}\n`;
    const [csv, out] = [text(flags, "csv"), text(flags, "out")];
    if (csv !== "") {
      await writeText(resolve(io.cwd, csv), evaluationCsv(found.records, found.classNames));
    }
    if (out !== "") await writeText(resolve(io.cwd, out), json());
    if (flags.json === true) io.out(json().trimEnd());
    else for (const line of reportLines(found, wholeNumber(flags, "worst"))) io.out(line);
    return 0;
  },
};

async function evaluateJob(folder: string, flags: FlagValues, io: Io): Promise<Evaluation> {
  const record = readJobRecord(folder);
  const given = flags.snapshot === undefined ? undefined : wholeNumber(flags, "snapshot");
  const { iter, ...model } = await jobModel(folder, given);
  const stage = choice(flags, "stage", ["val", "train"]);
  const dataset = text(flags, "dataset");
  const segmenter = await Segmenter.open({
    ...netOptions(flags),
    ...model,
    fence: fenceOf(flags, io.cwd),
  });
  try {
    return await evaluate(segmenter, {
      ...{ stage, iter },
      dataset: dataset === "" ? record.settings.dataset : resolve(io.cwd, dataset),
      onProgress: progressOf(io, "records"),
      signal: io.signal,
    });
  } finally {
    segmenter.dispose();
  }
}

function writeText(file: string, content: string): Promise<void> {
  return writeFileAtomically(file, [new TextEncoder().encode(content)]);
}

function reportLines({ records, classNames, stage, iter }: Evaluation, worst: number): string[] {
  const summary = summarize(records);
  const rows = records
    .slice(0, worst)
    .map((record) => [
      recordName(record.facts, record.index),
      shown(recordDice(record)),
      shown(recordIou(record)),
      ...pixelCells(record),
    ]);
  const columns = [
    { head: "record" },
    ...["Dice", "IoU", "found", "labelled"].map((head) => ({ head, align: "right" as const })),
  ];
  return [
    `iteration ${iter}, ${summary.records} ${stage} records`,
    ...summaryLines(summary, classNames),
    ...(rows.length > 0 ? ["", ...tableLines(columns, rows)] : []),
  ];
}

function summaryLines(
  {
    meanDice,
    medianDice,
    worstDice,
    medianHd95,
    missed,
    empty,
    records,
    classes,
  }: EvaluationSummary,
  classNames: readonly string[],
): string[] {
  return [
    `Dice: mean ${shown(meanDice)}, median ${shown(medianDice)}, worst ${shown(worstDice)} over ${records - empty} records`,
    ...(medianHd95 === undefined
      ? []
      : [`HD95: median ${shown(medianHd95)} mm; the image's diagonal where nothing is found`]),
    ...(missed > 0 ? [`nothing of the object is found in ${missed} of them`] : []),
    ...(empty > 0
      ? [`${empty} records have no object and none was found; they are not counted`]
      : []),
    ...classes.map(
      ({ class: index, dice, iou, records: count }) =>
        `${classNames[index] ?? `class ${index}`}: Dice ${shown(dice)}, IoU ${shown(iou)} over ${count} records`,
    ),
  ];
}

/** Pixels of all classes but background. */
function pixelCells({ classes }: Evaluation["records"][number]): string[] {
  const objects = classes.filter((score) => score.class !== 0);
  const sum = (of: (score: (typeof objects)[number]) => number | undefined) =>
    String(objects.reduce((total, score) => total + (of(score) ?? 0), 0));
  return [sum(({ predicted }) => predicted), sum(({ labelled }) => labelled)];
}

const shown = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(4));
