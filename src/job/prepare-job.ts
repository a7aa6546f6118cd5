/** @file DIGITS' model form as a function: from dataset, network text and settings to a job folder. */
import { existsSync } from "node:fs";
import { cp, link, mkdir, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { writeFolder } from "../plugins/dataset/output-folder.ts";
import { type NetParameter, parsePrototxt, printPrototxt, upgradeNet } from "../schema/index.ts";
import { type JobDataset, readJobDataset } from "./dataset.ts";
import { type JobRecord, jobFiles, writeJobRecord } from "./job-record.ts";
import { type JobSolver, jobSolver } from "./job-solver.ts";
import { pngOf, writePicture } from "./picture.ts";
import { previewBatch } from "./preview.ts";
import { type PreparedNet, prepareNet } from "./prepare-net.ts";
import { type JobSettings, checkSettings } from "./settings.ts";
import { zeroInitialized } from "./zero-initialized.ts";

export interface JobOptions {
  readonly settings: JobSettings;
  /** The user's text as it is. */
  readonly networkText: string;
  /** The folder to make; it must not exist, or be empty. */
  readonly out: string;
  /** Replaces a folder that exists, if it is a job. */
  readonly force?: boolean;
  /** Those of the pretrained weights that will not stay where they are: the job keeps them itself. */
  readonly keptWeights?: readonly string[];
}

export interface PreparedJob {
  readonly folder: string;
  readonly record: JobRecord;
  readonly dataset: JobDataset;
  readonly solver: JobSolver;
  /** What the user should know before the training: overruled fields, layers that cannot learn. */
  readonly notes: readonly string[];
}

/**
 * Writes a job folder: the three nets, the solver, the custom layers, a preview of the first training
 * batch and `job.json`. It trains with `cortado train --solver=solver.prototxt` from within it. The
 * folder appears when it is complete.
 * @throws CaffeError for settings, texts or folders that do not fit together; nothing is written then
 */
export async function prepareJob(options: JobOptions): Promise<PreparedJob> {
  const { networkText, keptWeights = [] } = options;
  checkSettings(options.settings);
  const folder = resolve(options.out);
  checkFiles(options.settings);
  const settings = withKeptWeights(options.settings, keptWeights, folder);
  const dataset = await readJobDataset(settings.dataset);
  const network = parseNetwork(networkText, settings.network);
  const nets = prepareNet(network, dataset, settings);
  const size = {
    trainCount: dataset.train.count,
    valCount: dataset.val?.count ?? 0,
    batchSize: nets.data.batchSize,
    valBatchSize: nets.data.valBatchSize,
  };
  const solver = jobSolver(settings, size);
  const record: JobRecord = {
    format: 1,
    name: basename(folder),
    settings,
    status: "initialized",
    history: [{ status: "initialized", time: new Date().toISOString() }],
    size: { ...size, maxIter: solver.maxIter },
    layerFiles: layerFileNames(settings.layers),
  };
  await writeFolder(options.out, jobFiles.record, options.force ?? false, (into) =>
    writeFiles(into, options, nets, solver, record),
  );
  const notes = [...nets.data.notes, ...adviceOn(nets, dataset, settings)];
  return { folder, record, dataset, solver, notes };
}

function parseNetwork(text: string, fileName: string): NetParameter {
  return upgradeNet(parsePrototxt(text, { message: "NetParameter", fileName }));
}

function checkFiles({ weights, layers }: JobSettings): void {
  for (const file of weights) {
    if (!existsSync(file)) throw new UsageError(`the weights ${file} do not exist`);
  }
  for (const file of layers) {
    if (!existsSync(file)) throw new UsageError(`the layer file ${file} does not exist`);
  }
}

/** Where a job keeps weights that were given to it. */
const WEIGHTS = "weights";
const keptName = (file: string, index: number) => join(WEIGHTS, `${index + 1}-${basename(file)}`);

function withKeptWeights(
  settings: JobSettings,
  kept: readonly string[],
  folder: string,
): JobSettings {
  const weights = settings.weights.map((file) => {
    const index = kept.indexOf(file);
    return index < 0 ? file : join(folder, keptName(file, index));
  });
  return { ...settings, weights };
}

/** A second name for the file where that can be, else a copy. */
async function keepFile(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => cp(from, to));
}

/** @throws UsageError for two files with one name: a module could be found only once */
function layerFileNames(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new UsageError(`two layer files are called ${twice}; rename one`);
}

async function writeFiles(
  folder: string,
  { networkText, settings, keptWeights = [] }: JobOptions,
  nets: PreparedNet,
  solver: JobSolver,
  record: JobRecord,
): Promise<void> {
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write(jobFiles.original, networkText);
  await write(jobFiles.trainVal, printPrototxt(nets.trainVal, { message: "NetParameter" }));
  await write(jobFiles.deploy, printPrototxt(nets.deploy, { message: "NetParameter" }));
  await write(jobFiles.solver, printPrototxt(solver, { message: "SolverParameter" }));
  for (const [index, file] of settings.layers.entries()) {
    await cp(file, join(folder, record.layerFiles[index]!));
  }
  if (keptWeights.length > 0) await mkdir(join(folder, WEIGHTS));
  for (const [index, file] of keptWeights.entries()) {
    await keepFile(file, join(folder, keptName(file, index)));
  }
  const trainLayers = nets.data.layers.filter((layer) => layer.include[0]?.phase === "TRAIN");
  await writePicture(join(folder, jobFiles.preview), await pngOf(await previewBatch(trainLayers)));
  await writeJobRecord(folder, record);
}

function adviceOn(nets: PreparedNet, dataset: JobDataset, settings: JobSettings): string[] {
  const advice: string[] = [];
  const zero = zeroInitialized(nets.trainVal);
  if (zero.length > 0 && settings.weights.length === 0) {
    advice.push(
      `${zero.join(", ")}: neither a weight_filler nor pretrained weights, so all weights start at 0` +
        (zero.length > 1 ? " and nothing behind the first of these layers can learn." : ".") +
        ' Add `weight_filler { type: "msra" }` or give --weights.',
    );
  }
  return [...advice, ...datasetAdvice(dataset, settings)];
}

/** What of the settings the dataset cannot do as it was perhaps meant. */
export function datasetAdvice(
  dataset: JobDataset,
  settings: Pick<JobSettings, "mean" | "cropSize">,
): string[] {
  const advice: string[] = [];
  if (settings.mean !== "none" && !dataset.mean) {
    advice.push(`the dataset has no mean file, so no mean is subtracted (mean: ${settings.mean})`);
  }
  if (settings.cropSize !== undefined && dataset.train.labels) {
    advice.push("crop_size cuts the images only; label maps keep their size, as in DIGITS");
  }
  return advice;
}
