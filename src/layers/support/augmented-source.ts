/** @file augmentation_param: a source whose images are changed at random, in the TRAIN phase. */
import type { LayerContext } from "../../core/layer.ts";
import {
  type Augmentation,
  Augmenter,
  augmentationProblem,
  changesValues,
  movesPixels,
} from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";
import { withDefaults } from "../../schema/index.ts";
import type { ImageSource } from "./image-reader.ts";

/**
 * The source with the layer's augmentation, or as it is where the layer has none or does not train.
 * What happens to a record depends on `seed` and on how many the layer has read before it, so that layers
 * with equal settings change their records alike; a position is that number with the source's own.
 */
export function augmentedSource(context: LayerContext, source: ImageSource): ImageSource {
  const settings = augmentationOf(context);
  if (!settings || context.phase !== "TRAIN") return source;
  if (!movesPixels(settings) && (settings.content === "LABEL" || !changesValues(settings))) {
    return source;
  }
  const augmenter = new Augmenter(settings);
  let record = 0;
  return {
    peek: () => source.peek(),
    async next(count) {
      const first = record;
      record += count;
      const items = await source.next(count);
      const planes = items.map(({ image }) => image);
      const images = await augmenter.augment(planes, first);
      return items.map((item, i) => ({ ...item, image: images[i]! }));
    },
    position: () => ({ ...source.position(), record }),
    async moveTo(position) {
      const { record: saved } = position as { record?: unknown };
      if (!Number.isSafeInteger(saved) || (saved as number) < 0) {
        throw new DataSourceError("the saved position is of a layer without augmentation_param");
      }
      await source.moveTo(position);
      record = saved as number;
    },
    close() {
      source.close();
      augmenter.close();
    },
  };
}

/** @throws NetDefinitionError at the value that cannot be used */
function augmentationOf({ param, fail }: LayerContext): Augmentation | undefined {
  if (!param.augmentationParam) return undefined;
  const settings = withDefaults("AugmentationParameter", param.augmentationParam);
  const found = augmentationProblem(settings);
  if (!found) return settings;
  const name = found.field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return fail(`augmentation_param.${name} ${found.problem}`, `augmentationParam.${found.field}`);
}

/**
 * For layers that cannot augment what they give.
 * @param why this one cannot, as a sentence
 */
export function refuseAugmentation({ param, fail }: LayerContext, why: string): void {
  if (!param.augmentationParam) return;
  fail(
    `only Data and ImageData have an augmentation_param. ${why} The custom layer "augment" ` +
      "(layers/augment.ts) changes images and label maps of any layer, in the TRAIN phase.",
    "augmentationParam",
  );
}
