/** @file A trained model with everything that it needs elsewhere: nets, weights, layers, mean, names of classes. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type JobRecord, jobFiles, readJobRecord } from "../../job/job-record.ts";
import {
  type LayerParameter,
  copyMessage,
  createMessage,
  parsePrototxt,
  printPrototxt,
} from "../../schema/index.ts";
import { readDatasetFile } from "./dataset-file.ts";
import { packageVersion } from "./package-files.ts";
import type { TarEntry } from "./tar.ts";

const MEAN = "mean.binaryproto";
const LABELS = "labels.txt";
/** Where the archive's nets look for the dataset. */
const DATASET = "dataset";

/** A snapshot of a job. */
export interface ArchivedSnapshot {
  readonly folder: string;
  readonly id: string;
  readonly iter: number;
  readonly epoch: number;
}

/**
 * The files of an archive in a folder of the job's name. Its texts name no path of this machine: what
 * is read lies in the archive, but the dataset, which is looked for in `dataset`.
 */
export async function modelArchive({
  folder,
  id,
  iter,
  epoch,
}: ArchivedSnapshot): Promise<TarEntry[]> {
  const record = readJobRecord(folder);
  const net = await readFile(join(folder, jobFiles.trainVal), "utf8");
  const { text, mean } = movable(net);
  const classNames = (await readDatasetFile(record.settings.dataset))?.classNames ?? [];
  const weights = `snapshot_iter_${iter}.caffemodel`;
  const own = (name: string): TarEntry[] =>
    existsSync(join(folder, name)) ? [{ name, path: join(folder, name) }] : [];
  const hasMean = mean !== undefined && existsSync(mean);
  const files: TarEntry[] = [
    { name: "README.md", text: readme(record, { id, epoch, weights, hasMean }) },
    { name: "info.json", text: json(info(record, { id, epoch, weights, hasMean })) },
    { name: jobFiles.record, text: json(movableRecord(record)) },
    { name: jobFiles.trainVal, text },
    ...[jobFiles.deploy, jobFiles.solver, jobFiles.original, jobFiles.metrics].flatMap(own),
    { name: weights, path: join(folder, weights) },
    ...record.layerFiles.flatMap(own),
    ...(hasMean ? [{ name: MEAN, path: mean }] : []),
    ...(classNames.length > 0 ? [{ name: LABELS, text: `${classNames.join("\n")}\n` }] : []),
  ];
  return files.map((entry) => ({ ...entry, name: `${id}/${entry.name}` }));
}

/** The training net with paths that are relative to its folder. */
function movable(trainVal: string): { text: string; mean: string | undefined } {
  const net = parsePrototxt(trainVal, { message: "NetParameter", fileName: jobFiles.trainVal });
  const mean = net.layer.find(({ transformParam }) => transformParam?.meanFile)?.transformParam
    ?.meanFile;
  const moved = copyMessage(net, { layer: net.layer.map(movableLayer) });
  return { text: printPrototxt(moved, { message: "NetParameter" }), mean };
}

function movableLayer(layer: LayerParameter): LayerParameter {
  const { dataParam, transformParam } = layer;
  const source = dataParam?.source?.split("/").slice(-2).join("/");
  return copyMessage(layer, {
    ...(dataParam && source !== undefined
      ? {
          dataParam: createMessage("DataParameter", {
            ...dataParam,
            source: `${DATASET}/${source}`,
          }),
        }
      : {}),
    ...(transformParam?.meanFile
      ? {
          transformParam: createMessage("TransformationParameter", {
            ...transformParam,
            meanFile: MEAN,
          }),
        }
      : {}),
  });
}

function movableRecord({ pid: _, ...record }: JobRecord): JobRecord {
  const { settings, layerFiles } = record;
  const names = settings.weights.map((path) => path.split("/").at(-1)!);
  return {
    ...record,
    settings: {
      ...settings,
      ...{ dataset: DATASET, network: jobFiles.original, weights: names, layers: layerFiles },
    },
  };
}

interface About {
  readonly id: string;
  readonly epoch: number;
  readonly weights: string;
  readonly hasMean: boolean;
}

/** With the keys of DIGITS' own, so that scripts that read those find what they look for. */
function info({ settings, layerFiles }: JobRecord, { id, epoch, weights, hasMean }: About) {
  return {
    "creation time": new Date().toISOString(),
    "deploy file": jobFiles.deploy,
    framework: "cortado",
    "framework version": packageVersion(),
    "job id": id,
    "labels file": LABELS,
    "layer files": layerFiles,
    "mean file": hasMean ? MEAN : null,
    "mean subtraction": settings.mean,
    name: id,
    "network file": jobFiles.original,
    "snapshot epoch": epoch,
    "snapshot file": weights,
    "solver file": jobFiles.solver,
    "train_val file": jobFiles.trainVal,
  };
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function readme(
  { settings, layerFiles }: JobRecord,
  { id, epoch, weights, hasMean }: About,
): string {
  const layers = layerFiles.length > 0 ? ` --layers ${layerFiles.join(",")}` : "";
  return `# ${id}, epoch ${epoch}

Trained with cortado ${packageVersion()}. Everything that the model needs is in this folder.

Segment an image or a DICOM slice; mean and custom layers are found by themselves:

    npx cortado infer --job . --input slice.dcm --overlay overlay.png --mask mask.png

The same with each file named, as other programs need them:

    npx cortado infer --model ${jobFiles.deploy} --weights ${weights}${hasMean ? ` --mean ${MEAN}` : ""}${layers} --input slice.dcm --overlay overlay.png

Train it further on a dataset of your own (as \`cortado dataset\` makes it):

    npx cortado fit --clone . --dataset DATASET --weights ${weights} --out next

\`${jobFiles.trainVal}\` looks for its dataset in \`${DATASET}/\`; a link of that name to a dataset folder lets
\`npx cortado train --solver=${jobFiles.solver} --weights=${weights}\` run in this folder, and so does Caffe, but for
custom layers.

| file | what it is |
|---|---|
| \`${weights}\` | the weights, in Caffe's format |
| \`${jobFiles.deploy}\` | the network for use |
| \`${jobFiles.trainVal}\`, \`${jobFiles.solver}\` | the networks and the solver of the training |
| \`${jobFiles.original}\` | the text that these were made from |
| \`${jobFiles.record}\`, \`${jobFiles.metrics}\` | settings and curves of the training |
| \`${LABELS}\` | names of the classes, from class 0 |${hasMean ? `\n| \`${MEAN}\` | the mean image that is subtracted |` : ""}

Epochs ${settings.epochs}, learning rate ${settings.learningRate} (${settings.policy.policy}), ${settings.solverType}, mean subtraction ${settings.mean}.
`;
}
