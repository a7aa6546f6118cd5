/** @file Data layers of a job: those of the user's text found, and rebuilt on the job's dataset. */
import { DataSourceError, NetDefinitionError } from "../errors.ts";
import {
  type LayerParameter,
  type Phase,
  createMessage,
  copyMessage,
  locationOf,
} from "../schema/index.ts";
import type { DatasetPart, JobDataset } from "./dataset.ts";
import type { JobSettings } from "./settings.ts";
import { withPhase } from "./states.ts";

const DEFAULT_BATCH_SIZE = 16;

/** The user's data layers by phase and role; those in no single phase are not recognised. */
export interface FoundDataLayers {
  readonly TRAIN: RoleLayers;
  readonly TEST: RoleLayers;
}

interface RoleLayers {
  image?: LayerParameter;
  label?: LayerParameter;
}

type Role = keyof RoleLayers;

export function isDataLayer(layer: LayerParameter): boolean {
  return (layer.type ?? "").includes("Data");
}

/**
 * Sorts data layers by phase and by the name of a top: one that contains "data" is the image
 * layer, else one that contains "label" is the label layer. Expects rules already rewritten as
 * phases (see `withPhase`).
 * @throws NetDefinitionError for another source than `Data`, or two layers for one role
 */
export function findDataLayers(layers: readonly LayerParameter[]): FoundDataLayers {
  const found: FoundDataLayers = { TRAIN: {}, TEST: {} };
  for (const layer of layers) {
    if (layer.type !== "Data") {
      throw new NetDefinitionError(
        `Unsupported data layer type ${layer.type}: a job reads its dataset with layers of type "Data"`,
        { location: locationOf(layer) },
      );
    }
    const phase = layer.include[0]?.phase;
    const role = roleOf(layer);
    // As in DIGITS, a layer for both phases, or with tops of other names, gives way to new ones.
    if (phase === undefined || role === undefined) continue;
    if (found[phase][role]) {
      const kind = `${phase === "TRAIN" ? "train" : "val"} ${role}`;
      throw new NetDefinitionError(`cannot specify two ${kind} data layers`, {
        location: locationOf(layer),
      });
    }
    found[phase][role] = layer;
  }
  return found;
}

function roleOf(layer: LayerParameter): Role | undefined {
  if (layer.top.some((top) => top.includes("data"))) return "image";
  if (layer.top.some((top) => top.includes("label"))) return "label";
  return undefined;
}

/** The data layers of `train_val.prototxt` and the batch sizes that came out. */
export interface RebuiltDataLayers {
  readonly layers: readonly LayerParameter[];
  readonly batchSize: number;
  readonly valBatchSize: number;
  /** Edge of the square that the train image layer cuts out, if any. */
  readonly cropSize: number | undefined;
  /** What of the user's text was overruled. */
  readonly notes: readonly string[];
}

/** Builds train data, train label, val data and val label layers, each where the dataset has it. */
export function rebuildDataLayers(
  found: FoundDataLayers,
  dataset: JobDataset,
  settings: JobSettings,
): RebuiltDataLayers {
  const notes: string[] = [];
  const build = (phase: Phase, role: Role, part: DatasetPart, batchSize: number) => {
    const source = role === "image" ? part.features : part.labels;
    if (source === undefined) return [];
    const layer = onDataset(found[phase][role] ?? newLayer(role), source, batchSize, notes);
    const transformed = role === "image" ? withTransform(layer, dataset, settings, notes) : layer;
    const changed = phase === "TRAIN" ? withAugmentation(transformed, role, settings) : transformed;
    return [withPhase(changed, phase)];
  };
  const batchSize = settings.batchSize ?? ownBatchSize(found.TRAIN.image);
  const valBatchSize =
    settings.valBatchSize ?? settings.batchSize ?? ownBatchSize(found.TEST.image);
  const { train, val } = dataset;
  const layers = [
    ...build("TRAIN", "image", train, batchSize),
    ...build("TRAIN", "label", train, batchSize),
    ...(val ? build("TEST", "image", val, valBatchSize) : []),
    ...(val ? build("TEST", "label", val, valBatchSize) : []),
  ];
  const cropSize = layers[0]?.transformParam?.cropSize || undefined;
  return { layers, batchSize, valBatchSize, cropSize, notes: [...new Set(notes)] };
}

function ownBatchSize(layer: LayerParameter | undefined): number {
  return layer?.dataParam?.batchSize ?? DEFAULT_BATCH_SIZE;
}

function newLayer(role: Role): LayerParameter {
  const name = role === "image" ? "data" : "label";
  return createMessage("LayerParameter", { name, type: "Data", top: [name] });
}

function onDataset(
  layer: LayerParameter,
  source: string,
  batchSize: number,
  notes: string[],
): LayerParameter {
  const own = layer.dataParam;
  if (own?.source !== undefined) notes.push(`Ignoring data_param.source of layer ${layer.name}`);
  if (own?.backend !== undefined && own.backend !== "LMDB") {
    notes.push(`Ignoring data_param.backend of layer ${layer.name}`);
  }
  const dataParam = createMessage("DataParameter", { ...own, source, backend: "LMDB", batchSize });
  return copyMessage(layer, { dataParam });
}

/** Mean and crop of an image layer; the form wins over the text. */
function withTransform(
  layer: LayerParameter,
  dataset: JobDataset,
  settings: JobSettings,
  notes: string[],
): LayerParameter {
  const { mean } = settings.mean === "none" ? {} : dataset;
  const { cropSize } = settings;
  if (!mean && cropSize === undefined) return layer;
  const { meanFile, ...own } = createMessage("TransformationParameter", layer.transformParam);
  if (mean && meanFile !== undefined) {
    notes.push(`Ignoring mean_file from network in layer ${layer.name}`);
  }
  if (mean && own.meanValue.length > 0) {
    notes.push(`Ignoring mean_value from network in layer ${layer.name}`);
  }
  if (cropSize !== undefined) checkCrop(cropSize, dataset);
  const transformParam = createMessage("TransformationParameter", {
    ...own,
    ...(mean ? { meanValue: [] } : meanFile === undefined ? {} : { meanFile }),
    ...(mean && settings.mean === "pixel" ? { meanValue: [...mean.channels] } : {}),
    ...(mean && settings.mean === "image" ? { meanFile: mean.file } : {}),
    ...(cropSize === undefined ? {} : { cropSize }),
  });
  return copyMessage(layer, { transformParam });
}

/** The form's augmentation in place of the text's own; image and label layer get equal settings. */
function withAugmentation(
  layer: LayerParameter,
  role: Role,
  { augmentation, seed = 1 }: JobSettings,
): LayerParameter {
  if (!augmentation) return layer;
  const augmentationParam = createMessage("AugmentationParameter", {
    ...(role === "label" ? { content: "LABEL" } : {}),
    seed,
    ...augmentation,
  });
  return copyMessage(layer, { augmentationParam });
}

function checkCrop(cropSize: number, dataset: JobDataset): void {
  const [, height, width] = dataset.featureShape;
  if (cropSize <= Math.min(height, width)) return;
  throw new DataSourceError(
    `crop_size is larger than the image size: ${cropSize} does not fit ${height} x ${width} pixels`,
  );
}
