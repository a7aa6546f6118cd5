/** @file The first training batch that a model form asks for, as a picture. */
import { CaffeError } from "../../errors.ts";
import { readJobDataset } from "../../job/dataset.ts";
import { previewBatch } from "../../job/preview.ts";
import type { Picture } from "../../job/picture.ts";
import { dataLayersOf } from "../../job/prepare-net.ts";
import { type JobSettings, checkSettings, defaultSettings } from "../../job/settings.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
} from "../../schema/index.ts";
import type { PreviewForm } from "../api-types.ts";
import { parseNetwork } from "../check/parse-network.ts";
import type { Context } from "./context.ts";
import { datasetFolder, effective } from "./model-form.ts";

/** A row of the picture. */
const SHOWN_IMAGES = 4;

/**
 * Draws the batch without building the network, which may not be complete yet.
 * @throws CaffeError for an augmentation or a crop that cannot be
 */
export async function previewOf(form: PreviewForm, context: Context): Promise<Picture> {
  const folder = await datasetFolder(form.dataset, context);
  const augmentation = effective(form.augmentation);
  const settings: JobSettings = {
    ...{ ...defaultSettings, dataset: folder, network: "network", mean: "none" },
    ...(form.cropSize === undefined ? {} : { cropSize: form.cropSize }),
    ...(form.seed === undefined ? {} : { seed: form.seed }),
    ...(augmentation ? { augmentation } : {}),
  };
  checkSettings(settings);
  const dataset = await readJobDataset(folder);
  const batchSize = Math.min(SHOWN_IMAGES, dataset.train.count);
  const { layers } = dataLayersOf(networkOf(form.network), dataset, { ...settings, batchSize });
  const train = layers.filter(({ include }) => include[0]?.phase === "TRAIN");
  return previewBatch(train.map(withoutMeanFile));
}

/** A text that does not parse yet has no data layers of its own. */
function networkOf(text: string): NetParameter {
  try {
    return parseNetwork(text);
  } catch (error) {
    if (error instanceof CaffeError) return createMessage("NetParameter", {});
    throw error;
  }
}

/** A mean only shifts the grays, and the text of a stranger may name any file. */
function withoutMeanFile(layer: LayerParameter): LayerParameter {
  if (layer.transformParam?.meanFile === undefined) return layer;
  const { meanFile: _, ...rest } = layer.transformParam;
  return copyMessage(layer, { transformParam: createMessage("TransformationParameter", rest) });
}
