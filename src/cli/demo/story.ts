/** @file The chapters of the demo, as a newcomer reads them. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { builtInLayerFolder } from "../../custom/find.ts";
import { ModelFileError, UsageError } from "../../errors.ts";
import { writePicture } from "../../job/picture.ts";
import type { JobResult } from "../../job/train-job.ts";
import { buildSunnybrookDataset } from "../../plugins/sunnybrook/index.ts";
import { writePhantom } from "../../plugins/sunnybrook/phantom/index.ts";
import type { Io } from "../command.ts";
import { type DemoJob, trainDemoJob } from "./jobs.ts";
import { overlaySheet } from "./overlays.ts";
import { writeShapes } from "./shapes.ts";

export interface DemoOptions {
  /** The folder to make. */
  readonly out: string;
  readonly seed: number;
  readonly epochs: number;
  readonly pretrainEpochs: number;
  readonly patients: number;
  readonly force: boolean;
  readonly threads?: number;
}

/** What the demo came to, for tests. */
export interface DemoResult {
  readonly scratchDice: number;
  readonly dice: number;
  /** The message of the weights that do not fit. */
  readonly mismatch: string;
}

/** Marks a folder that `--force` may replace. */
const MARKER = "README.txt";
const SHAPES = { train: 120, val: 16 };
const SIZE = 128;

/** Runs the demo and tells it chapter by chapter. */
export async function runDemo(options: DemoOptions, io: Io): Promise<DemoResult> {
  const { out, seed } = options;
  const begin = performance.now();
  const say = (...lines: string[]) => {
    for (const line of lines) io.out(line);
  };
  let number = 0;
  const chapter = (title: string) => say("", `${++number}. ${title}`, "");
  const at = (name: string) => join(out, name);
  await makeFolder(options);

  chapter("Patients");
  const phantom = await writePhantom({
    out: at("patients"),
    patients: options.patients,
    size: SIZE,
    seed,
  });
  say(
    `Drew ${phantom.patients} synthetic hearts: ${phantom.images} DICOM slices and ${phantom.contours} contours of the`,
    "left ventricle, in the folders of the Sunnybrook challenge.",
  );

  chapter("A grayscale dataset");
  const source = { images: phantom.imageFolder, contours: phantom.contourFolder };
  const split = { split: "patient", valPercent: 20, seed } as const;
  const gray = await buildSunnybrookDataset({ ...source, ...split, out: at("dataset-gray") });
  say(
    `${gray.train} slices to train on and ${gray.val} of other patients to validate with, 16-bit values as stored,`,
    `${gray.featureShape.join(" x ")}. In two LMDBs, as DIGITS writes them.`,
  );

  const network = join(builtInLayerFolder(), "..", "networks", "demo-fcn");
  const jobs = { ...options, io, layers: [join(builtInLayerFolder(), "dice.ts")] };

  chapter("A net that learns nothing");
  say("A fully convolutional net for two classes, trained from scratch with the Dice metric:");
  const scratch = await trainDemoJob(
    {
      ...{ name: "job-1-scratch", dataset: at("dataset-gray"), learningRate: 0.01, epochs: 2 },
      network: join(network, "network.prototxt"),
    },
    jobs,
  );
  const scratchDice = last(scratch, "dice");
  say(
    `accuracy ${percent(last(scratch, "accuracy"))}, and a Dice of ${scratchDice.toFixed(2)}.`,
    "Most pixels are background, so calling all of them background is nearly always right: accuracy hides",
    "that not one pixel of a ventricle was found, Dice shows it. More epochs would not help. The convolutions",
    "have no weight_filler, so their weights start at 0, and no gradient passes a layer of zeros.",
  );

  chapter("Weights from another task");
  await writeShapes(at("dataset-shapes"), { ...SHAPES, seed });
  say(
    `The same layers, with fillers, learn to tell discs from boxes in ${SHAPES.train} colour pictures:`,
  );
  const pretrained = await trainDemoJob(
    {
      ...{
        name: "job-2-shapes",
        dataset: at("dataset-shapes"),
        learningRate: 0.001,
        solverType: "Adam",
      },
      ...{ epochs: options.pretrainEpochs, network: join(network, "pretrain.prototxt") },
    },
    jobs,
  );
  const weights = pretrained.snapshots[0]!.file;
  say(
    `accuracy ${percent(last(pretrained, "accuracy"))} on pictures it has not seen. Its weights: ${relative(io.cwd, weights)}`,
  );

  chapter("Colour weights on gray images");
  const tuned: DemoJob = {
    ...{
      name: "job-4-finetuned",
      dataset: at("dataset-rgb"),
      learningRate: 0.001,
      solverType: "Adam",
    },
    ...{ epochs: options.epochs, network: join(network, "network.prototxt"), weights: [weights] },
  };
  const mismatch = await mismatchOf(
    { ...tuned, name: "job-3-mismatch", dataset: at("dataset-gray") },
    jobs,
  );
  say(
    "The net was trained on three channels, the slices have one. Training refuses to start:",
    "",
    `    ${mismatch}`,
    "",
    "So we make the dataset again, each slice three times, as red, green and blue.",
  );

  chapter("An RGB dataset, and fine-tuning");
  const rgb = await buildSunnybrookDataset({
    ...{ ...source, ...split, out: at("dataset-rgb"), channels: "RGB" },
  });
  say(`The same ${rgb.train} and ${rgb.val} slices, ${rgb.featureShape.join(" x ")}. Fine-tuning:`);
  const finetuned = await trainDemoJob(tuned, jobs);
  const dice = finetuned.best?.value ?? 0;
  say(
    `Dice ${dice.toFixed(3)} on patients it has never seen (epoch ${finetuned.best?.epoch}), where training from scratch had ${scratchDice.toFixed(2)}.`,
  );

  chapter("Pictures");
  const sheet = await overlaySheet(
    at("dataset-rgb"),
    source,
    [scratch, finetuned],
    options.threads,
  );
  await writePicture(at("overlays.png"), sheet);
  say(
    `${shown(at("overlays.png"), io)}: four validation slices, above by the first net, below by the last;`,
    "white what it finds, yellow what the contour says.",
    `${shown(finetuned.curve ?? out, io)}: the training curve.`,
  );
  const seconds = Math.round((performance.now() - begin) / 1000);
  const lines = endOf(options, finetuned, io, seconds);
  await writeFile(at(MARKER), `${lines.join("\n")}\n`);
  say("", ...lines);
  return { scratchDice, dice, mismatch };
}

async function makeFolder({ out, force }: DemoOptions): Promise<void> {
  if (existsSync(out)) {
    if (!force) throw new UsageError(`${out} exists already; give another --out, or --force`);
    if (!existsSync(join(out, MARKER))) {
      throw new UsageError(
        `${out} is no folder of an earlier demo, so --force does not replace it`,
      );
    }
    await rm(out, { recursive: true });
  }
  await mkdir(out, { recursive: true });
  await writeFile(join(out, MARKER), "A demo of cortado, not finished.\n");
}

/** Tries a training that cannot work. @returns why it cannot */
async function mismatchOf(
  job: DemoJob,
  options: Parameters<typeof trainDemoJob>[1],
): Promise<string> {
  try {
    await trainDemoJob(job, options);
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
  throw new Error("internal: colour weights went into a gray net");
}

/** The last validation value of an output. */
function last({ metrics }: JobResult, name: string): number {
  return metrics.findLast(({ phase }) => phase === "val")?.values[name] ?? 0;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function shown(path: string, io: Io): string {
  return relative(io.cwd, path) || basename(path);
}

function endOf({ out }: DemoOptions, { record }: JobResult, io: Io, seconds: number): string[] {
  const folder = shown(out, io);
  const job = join(folder, record.name);
  return [
    `Everything is in ${folder}; it took ${Math.floor(seconds / 60)} min ${seconds % 60} s.`,
    "",
    "  patients/         DICOM series and contours        dataset-*/   LMDB datasets",
    "  job-*/            train_val, deploy and solver prototxts, log, metrics, snapshots, curve.png",
    "  overlays.png      what the first and the last net find",
    "",
    "Try next:",
    `  cortado summary ${join(job, "deploy.prototxt")}`,
    `  cortado infer --job ${job} --input SLICE.dcm --overlay overlay.png --scale 4`,
    `  cortado fit --clone ${job} --epochs 30 --out more-epochs`,
    "  cortado dataset sunnybrook ...   the same with the real data of the challenge",
  ];
}
