/** @file WindowData: windows of images, some with an object and some without, for detection. */
import type { Blob } from "../core/blob.ts";
import { generalNumber } from "../core/general-number.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type RandomState, createRandom } from "../core/random.ts";
import {
  type CutSettings,
  type DecodeOrder,
  type DecodedImage,
  type ImageDecoder,
  Transformer,
  type WindowList,
  openImageDecoder,
  readWindowList,
  sourceError,
} from "../data/index.ts";
import { type Resolved, withDefaults } from "../schema/index.ts";
import { BatchAhead } from "./support/batch-ahead.ts";
import { type WindowMean, windowMean } from "./support/window-mean.ts";
import { refuseAugmentation } from "./support/augmented-source.ts";
import { type Sample, WindowSampler } from "./support/window-sampler.ts";

type Param = Resolved<"WindowDataParameter">;

/** Images are read in color, whatever the window file says. */
const CHANNELS = 3;

/**
 * Draws windows at random and brings them to one size: `fg_fraction` of the batch from those whose overlap
 * with an object is at least `fg_threshold`, the others from those below `bg_threshold`.
 *
 * - Tops: data (N, 3, S, S), S = `crop_size` of transform_param; label (N), 0 without an object.
 * - y = (x - mean) * scale. Mean, crop_size and mirror are transform_param's, scale is the layer's own.
 *   The mean image counts where the window is put, in its middle; around a window y is 0.
 *
 * The images of the next batch are read and decoded while the net computes on the batch before.
 */
export const windowData: LayerDefinition = {
  type: "WindowData",
  bottoms: exactly(0),
  tops: exactly(2),
  async setUp(context) {
    refuseAugmentation(
      context,
      "WindowData cuts windows at random already, and moving them further would make their overlaps wrong; transform_param mirrors them.",
    );
    const param = withDefaults("WindowDataParameter", context.param.windowDataParam);
    const transformer = await Transformer.create(context);
    transformer.seed(context.random);
    logSettings(context, param);
    const random = createRandom(context.random.uint32());
    const cut = cutSettings(context, param);
    const list = openList(context, param);
    const mean = windowMean(context, transformer, CHANNELS, cut.cropSize);
    const mirrors = context.param.transformParam?.mirror ?? false;
    const sampler = new WindowSampler(list, sampleCounts(context, param, list), random, mirrors);
    const size = [param.batchSize, CHANNELS, cut.cropSize, cut.cropSize].join(",");
    context.logger.log("info", "window_data_layer.cpp:175", `output data size: ${size}`);
    transformer.seed(context.random);
    // Caffe seeds its prefetch thread here; the draw keeps what comes after in step.
    context.random.uint32();
    const order = orderOf(context, param, list, cut);
    const blame = (error: unknown) => sourceError(context, "windowDataParam.source", error);
    return new WindowLayer(sampler, order, { param, mean, cropSize: cut.cropSize, blame });
  },
};

function logSettings({ logger }: LayerContext, param: Param): void {
  const lines = [
    "Window data layer:",
    `  foreground (object) overlap threshold: ${generalNumber(param.fgThreshold)}`,
    `  background (non-object) overlap threshold: ${generalNumber(param.bgThreshold)}`,
    `  foreground sampling fraction: ${generalNumber(param.fgFraction)}`,
    `  cache_images: ${Number(param.cacheImages)}`,
    `  root_folder: ${param.rootFolder}`,
  ];
  logger.log("info", "window_data_layer.cpp:45", lines.join("\n"));
}

function cutSettings({ param, fail }: LayerContext, own: Param): CutSettings {
  const cropSize = param.transformParam?.cropSize ?? 0;
  const { contextPad, cropMode } = own;
  if (cropSize < 1) {
    fail(
      "needs the size of the windows: transform_param { crop_size: N }",
      "transformParam.cropSize",
    );
  }
  if (2 * contextPad >= cropSize) {
    fail(
      `context_pad (${contextPad}) on both sides leaves nothing of crop_size (${cropSize}) for the window`,
      "windowDataParam.contextPad",
    );
  }
  if (cropMode !== "warp" && cropMode !== "square") {
    fail(`crop_mode is "warp" or "square", not "${cropMode}"`, "windowDataParam.cropMode");
  }
  return { cropSize, contextPad, isSquare: cropMode === "square" };
}

function openList(context: LayerContext, param: Param): WindowList {
  const { fgThreshold, bgThreshold, source, contextPad, cropMode } = param;
  if (!source) return context.fail('needs a window file: window_data_param { source: "FILE" }');
  const log = (message: string) => context.logger.log("info", "window_data_layer.cpp:130", message);
  try {
    const list = readWindowList(context.resolvePath(source), fgThreshold, bgThreshold);
    const gray = list.images.find(({ channels }) => channels !== CHANNELS);
    if (gray) context.fail(`${gray.place}: images are read with 3 channels, not ${gray.channels}`);
    log(`Number of images: ${list.images.length}`);
    for (const [label, count] of labelCounts(list)) log(`class ${label} has ${count} samples`);
    log(`Amount of context padding: ${contextPad}`);
    log(`Crop mode: ${cropMode}`);
    return list;
  } catch (error) {
    throw sourceError(context, "windowDataParam.source", error);
  }
}

function labelCounts({ foreground, background }: WindowList): [label: number, count: number][] {
  const counts = new Map([[0, background.length]]);
  for (let i = 0; i < foreground.length; i++) {
    const { label } = foreground.at(i);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** How many windows of a batch show no object, and how many show one. */
function sampleCounts({ fail }: LayerContext, param: Param, list: WindowList) {
  const { batchSize = 0, fgFraction } = param;
  if (batchSize < 1) fail("batch_size must be positive", "windowDataParam.batchSize");
  if (!(fgFraction >= 0 && fgFraction <= 1)) {
    fail(`fg_fraction lies between 0 and 1, and is ${fgFraction}`, "windowDataParam.fgFraction");
  }
  const foreground = Math.trunc(Math.fround(batchSize * Math.fround(fgFraction)));
  const background = batchSize - foreground;
  const missing = (count: number, what: string, field: string) =>
    fail(`a batch takes ${count} windows with ${what}, and the window file has none`, field);
  if (background > 0 && list.background.length === 0) {
    missing(background, "an overlap below bg_threshold", "windowDataParam.bgThreshold");
  }
  if (foreground > 0 && list.foreground.length === 0) {
    missing(foreground, "an overlap of fg_threshold and more", "windowDataParam.fgThreshold");
  }
  return { background, foreground };
}

type OrderFor = (sample: Sample) => DecodeOrder;

function orderOf(
  context: LayerContext,
  { rootFolder, cacheImages }: Param,
  { images }: WindowList,
  settings: CutSettings,
): OrderFor {
  return ({ window, isMirrored }) => {
    const { path, place } = images[window.image]!;
    return {
      from: context.resolvePath(rootFolder + path),
      name: `${rootFolder}${path} (${place})`,
      mode: "color",
      cut: { ...settings, window, isMirrored },
      keeps: cacheImages,
    };
  };
}

interface DecodedSample extends Sample {
  readonly image: DecodedImage;
}

interface WindowLayerSettings {
  readonly param: Param;
  readonly mean: WindowMean;
  readonly cropSize: number;
  /** Adds the layer and the place in the prototxt to the error of an image. */
  readonly blame: (error: unknown) => unknown;
}

class WindowLayer implements Layer {
  readonly blobs = [];
  readonly #sampler: WindowSampler;
  readonly #decoder: ImageDecoder = openImageDecoder();
  readonly #ahead: BatchAhead<DecodedSample>;
  readonly #batchSize: number;
  readonly #cropSize: number;
  readonly #scale: number;
  readonly #mean: WindowMean;
  readonly #blame: (error: unknown) => unknown;
  #batch: readonly DecodedSample[] = [];

  constructor(
    sampler: WindowSampler,
    order: OrderFor,
    { param, mean, cropSize, blame }: WindowLayerSettings,
  ) {
    this.#sampler = sampler;
    this.#blame = blame;
    this.#batchSize = param.batchSize ?? 0;
    this.#cropSize = cropSize;
    this.#scale = Math.fround(param.scale);
    this.#mean = mean;
    const make = async () => {
      const samples = sampler.next();
      const images = await this.#decoder.decode(samples.map(order));
      return samples.map((sample, i) => ({ ...sample, image: images[i]! }));
    };
    this.#ahead = new BatchAhead(make, () => sampler.state());
  }

  reshape(_bottoms: readonly Blob[], [data, label]: readonly Blob[]): void {
    data!.reshape(this.#batchSize, CHANNELS, this.#cropSize, this.#cropSize);
    label!.reshape(this.#batchSize);
  }

  async prepare(): Promise<void> {
    try {
      this.#batch = await this.#ahead.next();
    } catch (error) {
      throw this.#blame(error);
    }
  }

  forward(_bottoms: readonly Blob[], [data, label]: readonly Blob[]): void {
    const values = data!.data;
    const labels = label!.data;
    values.fill(0);
    const size = CHANNELS * this.#cropSize * this.#cropSize;
    this.#batch.forEach((sample, n) => {
      this.#write(sample, values.subarray(n * size, (n + 1) * size));
      labels[n] = sample.window.label;
    });
    this.#batch = [];
    this.#ahead.start();
  }

  saveState(): unknown {
    return { random: this.#ahead.position };
  }

  async restoreState(state: unknown): Promise<void> {
    await this.#ahead.stop();
    this.#sampler.restore((state as { random: RandomState }).random);
  }

  dispose(): void {
    this.#decoder.close();
  }

  /** Puts a window's part of its image into the square, flipped if it was drawn so. */
  #write({ image, isMirrored }: DecodedSample, square: Float32Array): void {
    const { height, width, left, top, data } = image;
    const side = this.#cropSize;
    const scale = this.#scale;
    for (let c = 0; c < CHANNELS; c++) {
      for (let y = 0; y < height; y++) {
        const from = (c * height + y) * width;
        const to = (c * side + top + y) * side + left;
        for (let x = 0; x < width; x++) {
          const pixel = data[from + (isMirrored ? width - 1 - x : x)]!;
          square[to + x] = Math.fround(pixel - this.#mean(c, top + y, left + x)) * scale;
        }
      }
    }
  }
}
