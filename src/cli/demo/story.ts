/** @file The chapters of the demo, as a newcomer reads them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelFileError } from "../../errors.ts";
import { writePicture } from "../../job/picture.ts";
import type { JobResult } from "../../job/train-job.ts";
import type { DatasetSummary } from "../../plugins/dataset/build.ts";
import { buildSunnybrookDataset } from "../../plugins/sunnybrook/index.ts";
import { writePhantom } from "../../plugins/sunnybrook/phantom/index.ts";
import type { Io } from "../command.ts";
import { type DemoJob, trainDemoJob } from "./jobs.ts";
import { overlaySheet } from "./overlays.ts";
import { writeShapes } from "./shapes.ts";
import { type DemoOptions, MARKER, Stage } from "./stage.ts";

/** What the demo came to, for tests. */
export interface DemoResult {
  /** Validation Dice of the net without weights, and of the fine-tuned one. */
  readonly scratchDice: number;
  readonly dice: number;
  /** The message about weights that do not fit. */
  readonly mismatch: string;
}

/** Share of the pictures that the pretraining is validated with. */
const VAL_PICTURES = 0.1;
const SIZE = 128;
const adam = {
  learningRate: 0.001,
  solverType: "Adam",
  policy: { policy: "poly", power: 1 },
} as const;

/** Runs the demo and tells it chapter by chapter. */
export async function runDemo(options: DemoOptions, io: Io): Promise<DemoResult> {
  const begin = performance.now();
  const stage = await Stage.open(options, io);
  const source = await patients(stage);
  await grayDataset(stage, source);
  const scratch = await fromScratch(stage);
  const weights = await pretraining(stage);
  const mismatch = await colourOnGray(stage, weights);
  const tuned = await fineTuning(stage, source, weights, lastOf(scratch, "dice"));
  await pictures(stage, source, [scratch, tuned]);
  await ending(stage, tuned, Math.round((performance.now() - begin) / 1000));
  return { scratchDice: lastOf(scratch, "dice"), dice: tuned.best?.value ?? 0, mismatch };
}

/** The two folders of the challenge. */
interface Source {
  readonly images: string;
  readonly contours: string;
}

async function patients(stage: Stage): Promise<Source> {
  stage.chapter("Patients");
  const { seed, patients: count } = stage.options;
  const out = stage.at("patients");
  const phantom = await writePhantom({ out, patients: count, size: SIZE, seed });
  stage.say(
    `Drew ${phantom.patients} synthetic hearts: ${phantom.images} DICOM slices and ${phantom.contours} contours of the`,
    "left ventricle, in the folders of the Sunnybrook challenge.",
  );
  return { images: phantom.imageFolder, contours: phantom.contourFolder };
}

function heartDataset(
  stage: Stage,
  source: Source,
  channels: "L" | "RGB",
): Promise<DatasetSummary> {
  const out = stage.at(channels === "L" ? "dataset-gray" : "dataset-rgb");
  const { seed } = stage.options;
  return buildSunnybrookDataset({
    ...source,
    out,
    channels,
    split: "patient",
    valPercent: 20,
    seed,
  });
}

async function grayDataset(stage: Stage, source: Source): Promise<void> {
  stage.chapter("A grayscale dataset");
  const { train, val, featureShape } = await heartDataset(stage, source, "L");
  stage.say(
    `${train} slices to train on, and ${val} of other patients to validate with; ${featureShape.join(" x ")}, the 16-bit`,
    "values as they are stored. In LMDBs, as DIGITS writes them.",
  );
}

async function fromScratch(stage: Stage): Promise<JobResult> {
  stage.chapter("A net that learns nothing");
  stage.say(
    "A fully convolutional net for two classes, from scratch, with the Dice metric of a custom layer:",
  );
  const dataset = stage.at("dataset-gray");
  const network = stage.network("network.prototxt");
  const job = { name: "job-1-scratch", dataset, network, learningRate: 0.01, epochs: 2 };
  const result = await trainDemoJob(job, stage);
  stage.say(
    `accuracy ${percent(lastOf(result, "accuracy"))}, and a Dice of ${lastOf(result, "dice").toFixed(2)}.`,
    "",
    "Most pixels are background, so calling all of them background is nearly always right. Accuracy hides",
    "that not one pixel of a ventricle was found; Dice shows it. More epochs would not help: the convolutions",
    "have no weight_filler, so their weights start at 0, and no gradient passes a layer of zeros.",
  );
  return result;
}

/** @returns the weights */
async function pretraining(stage: Stage): Promise<string> {
  stage.chapter("Weights from another task");
  const { seed, pictures: train, pretrainEpochs: epochs } = stage.options;
  const dataset = stage.at("dataset-shapes");
  await writeShapes(dataset, { train, val: Math.ceil(train * VAL_PICTURES), seed });
  stage.say(
    `The same layers, with fillers, learn to tell discs from boxes in ${train} colour pictures:`,
  );
  const network = stage.network("pretrain.prototxt");
  const result = await trainDemoJob(
    { name: "job-2-shapes", dataset, network, epochs, ...adam },
    stage,
  );
  const weights = result.snapshots[0]!.file;
  stage.say(
    `accuracy ${percent(lastOf(result, "accuracy"))} on pictures that it has not seen. Its weights are`,
    `${stage.shown(weights)}.`,
  );
  return weights;
}

function tunedJob(stage: Stage, name: string, dataset: string, weights: string): DemoJob {
  const network = stage.network("network.prototxt");
  const { epochs } = stage.options;
  return { name, dataset: stage.at(dataset), network, epochs, weights: [weights], ...adam };
}

/** @returns why it cannot be trained */
async function colourOnGray(stage: Stage, weights: string): Promise<string> {
  stage.chapter("Colour weights on gray images");
  const job = tunedJob(stage, "job-3-mismatch", "dataset-gray", weights);
  const mismatch = await messageOf(() => trainDemoJob(job, stage));
  stage.say(
    "These weights were trained on three channels, the slices have one. Training refuses to start:",
    "",
    `    ${mismatch}`,
    "",
    "So we make the dataset once more with each slice as red, green and blue.",
  );
  return mismatch;
}

async function messageOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
  throw new Error("internal: colour weights went into a gray net");
}

async function fineTuning(
  stage: Stage,
  source: Source,
  weights: string,
  scratchDice: number,
): Promise<JobResult> {
  stage.chapter("An RGB dataset, and fine-tuning");
  const { featureShape } = await heartDataset(stage, source, "RGB");
  stage.say(
    `The same slices, now ${featureShape.join(" x ")}; the same net, now from weights that know edges and discs:`,
  );
  const result = await trainDemoJob(
    tunedJob(stage, "job-4-finetuned", "dataset-rgb", weights),
    stage,
  );
  const { value = 0, epoch = 0 } = result.best ?? {};
  stage.say(
    `Dice ${value.toFixed(3)} on patients it has never seen (epoch ${epoch}); from scratch it was ${scratchDice.toFixed(2)}.`,
  );
  return result;
}

async function pictures(stage: Stage, source: Source, jobs: readonly JobResult[]): Promise<void> {
  stage.chapter("Pictures");
  const { device } = stage.options;
  const sheet = await overlaySheet(stage.at("dataset-rgb"), source, jobs, device);
  const file = stage.at("overlays.png");
  await writePicture(file, sheet);
  stage.say(
    `${stage.shown(file)}: four validation slices; above what the first net finds, below the last one`,
    "(white), and the expert's contour (yellow).",
    `${stage.shown(jobs.at(-1)!.curve!)}: the training curve.`,
  );
}

async function ending(stage: Stage, { record }: JobResult, seconds: number): Promise<void> {
  const folder = stage.shown(stage.options.out);
  const job = join(folder, record.name);
  const lines = [
    `Everything is in ${folder}; it took ${Math.floor(seconds / 60)} min ${seconds % 60} s.`,
    "",
    "  patients/      DICOM series and contours",
    "  dataset-*/     LMDB datasets",
    "  job-*/         prototxts, log, metrics, snapshots, curve.png",
    "  overlays.png   what the first and the last net find",
    "",
    "Try next:",
    `  cortado summary ${join(job, "train_val.prototxt")}`,
    `  cortado infer --job ${job} --input SLICE.dcm --overlay overlay.png --scale 4`,
    `  cortado fit --clone ${job} --epochs 30 --out more-epochs`,
    "  cortado dataset sunnybrook --images DIR --contours DIR --out DIR     with the data of the challenge",
  ];
  await writeFile(stage.at(MARKER), `${lines.join("\n")}\n`);
  stage.say("", ...lines);
}

/** The last validation value of an output. */
function lastOf({ metrics }: JobResult, name: string): number {
  return metrics.findLast(({ phase }) => phase === "val")?.values[name] ?? 0;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
