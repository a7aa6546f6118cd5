/** @file transform_param: what happens to an image between its record and the top blob. */
import type { LayerContext } from "../core/layer.ts";
import type { ImageCut, PixelArithmetic, PixelArray } from "../core/pixel-batches.ts";
import { type RandomSource, type RandomState, createRandom } from "../core/random.ts";
import { DataSourceError } from "../errors.ts";
import { type Resolved, withDefaults } from "../schema/index.ts";
import type { Planes } from "./datum.ts";
import type { ColorMode } from "./image.ts";
import { type MeanImage, readMeanImage } from "./mean.ts";
import { sourceError } from "./source-error.ts";

/** Sizes along the axes channel, row, column. */
export type PlanesShape = readonly [channels: number, height: number, width: number];

type Param = Resolved<"TransformationParameter">;

/** @throws ModelFileError with the place in the prototxt */
async function openMean(context: LayerContext, meanFile: string): Promise<MeanImage> {
  try {
    return await readMeanImage(context.resolvePath(meanFile));
  } catch (error) {
    throw sourceError(context, "transformParam.meanFile", error);
  }
}

/**
 * y = (x - mean) * scale, of a part of the image, mirrored or not (BVLC DataTransformer).
 *
 * The mean is an image of the size before cropping, one value, or one value a channel. `crop_size`
 * cuts out a square, anywhere in the TRAIN phase and from the middle in the TEST phase; `mirror` flips
 * one image in two, in both phases.
 */
export class Transformer {
  /** How encoded images are decoded. */
  readonly colorMode: ColorMode;
  readonly #param: Param;
  /** The mean image, with a mean_file. */
  readonly mean: MeanImage | undefined;
  readonly #crops: "anywhere" | "center";
  #random: RandomSource | undefined;

  private constructor(param: Param, isTraining: boolean, mean: MeanImage | undefined) {
    this.#param = param;
    this.#crops = isTraining ? "anywhere" : "center";
    this.mean = mean;
    this.colorMode = param.forceColor ? "color" : param.forceGray ? "gray" : "native";
  }

  /** Reads the layer's transform_param and its mean file. */
  static async create(context: LayerContext): Promise<Transformer> {
    const param = withDefaults("TransformationParameter", context.param.transformParam);
    const { meanFile, meanValue, forceColor, forceGray, scale, cropSize } = param;
    const place = (field: string) => `transformParam.${field}`;
    if (meanFile !== undefined && meanValue.length > 0) {
      context.fail("Cannot specify mean_file and mean_value at the same time", place("meanValue"));
    }
    if (forceColor && forceGray) {
      context.fail("cannot set both force_color and force_gray", place("forceGray"));
    }
    if (!Number.isFinite(scale)) context.fail(`scale cannot be ${scale}`, place("scale"));
    let mean: MeanImage | undefined;
    if (meanFile !== undefined) {
      context.logger.log("info", "data_transformer.cpp:25", `Loading mean file from: ${meanFile}`);
      mean = await openMean(context, meanFile);
      if (cropSize > Math.min(mean.height, mean.width)) {
        context.fail(
          `crop_size ${cropSize} is larger than the mean image (${mean.height} x ${mean.width})`,
          place("cropSize"),
        );
      }
    }
    return new Transformer(param, context.phase === "TRAIN", mean);
  }

  /**
   * Seeds the generator of crops and flips with one draw, if there are any (BVLC InitRand). Layers that
   * prefetch do so twice in Caffe.
   */
  seed(random: RandomSource): void {
    const { mirror, cropSize } = this.#param;
    if (mirror || (cropSize > 0 && this.#crops === "anywhere")) {
      this.#random = createRandom(random.uint32());
    }
  }

  /** Whether an option that only encoded images obey is set. */
  get forcesColors(): boolean {
    return this.colorMode !== "native";
  }

  /** Where the generator of crops and flips stands. */
  get randomState(): RandomState | undefined {
    return this.#random?.state();
  }

  restoreRandom(state: RandomState | undefined): void {
    if (state) this.#random?.restore(state);
  }

  /** The shape of what `transform` writes for an image. */
  shapeOf({ channels, height, width }: Omit<Planes, "data">): PlanesShape {
    const { cropSize } = this.#param;
    return cropSize > 0 ? [channels, cropSize, cropSize] : [channels, height, width];
  }

  /** What happens to each value of the part that is cut out. */
  get arithmetic(): PixelArithmetic {
    const { scale, meanValue, mirror } = this.#param;
    return {
      scale: Math.fround(scale),
      meanValues: meanValue.map(Math.fround),
      ...(this.mean ? { meanImage: this.mean } : {}),
      mayMirror: mirror,
    };
  }

  /**
   * Writes the transformed image to `target` in C order.
   * @param what how an error names the image
   * @throws DataSourceError when the image does not go with crop_size or mean
   */
  transform(image: Planes, target: Float32Array, what: string): void {
    const { top, left, isMirrored } = this.#cutOf(image, what);
    const { channels, height, width } = image;
    const [, outHeight, outWidth] = this.shapeOf(image);
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < outHeight; row++) {
        const from = (c * height + top + row) * width + left;
        const to = (c * outHeight + row) * outWidth;
        this.#row(image.data, from, target, to, outWidth, c);
        if (isMirrored) target.subarray(to, to + outWidth).reverse();
      }
    }
  }

  /**
   * Writes the part of an image that `transform` would make something of, as it is.
   * @returns where it lies, and whether it is still to be mirrored
   * @throws DataSourceError as `transform`
   */
  copyCut(image: Planes, target: PixelArray, what: string): ImageCut {
    const cut = this.#cutOf(image, what);
    const { channels, height, width, data } = image;
    const [, outHeight, outWidth] = this.shapeOf(image);
    if (outHeight === height && outWidth === width) {
      target.set(data);
      return cut;
    }
    for (let plane = 0; plane < channels * outHeight; plane++) {
      const row = Math.floor(plane / outHeight) * height + cut.top + (plane % outHeight);
      const from = row * width + cut.left;
      target.set(data.subarray(from, from + outWidth), plane * outWidth);
    }
    return cut;
  }

  /** Draws where the part begins. @throws DataSourceError when the image does not go with it, or the mean */
  #cutOf(image: Planes, what: string): ImageCut {
    this.check(image, what);
    const [, outHeight, outWidth] = this.shapeOf(image);
    // The order of the draws is Caffe's: flip, row, column.
    const isMirrored = this.#param.mirror && this.#random!.uint32() % 2 === 1;
    const top = this.#offset(image.height - outHeight);
    const left = this.#offset(image.width - outWidth);
    return { top, left, isMirrored };
  }

  /** Where a crop starts along an axis that has `room` pixels more than the crop. */
  #offset(room: number): number {
    if (this.#param.cropSize === 0) return 0;
    if (this.#crops === "center") return room >> 1;
    return this.#random!.uint32() % (room + 1);
  }

  #row(
    data: Planes["data"],
    from: number,
    target: Float32Array,
    to: number,
    width: number,
    channel: number,
  ): void {
    const { meanValue } = this.#param;
    const scale = Math.fround(this.#param.scale);
    const mean = this.mean?.data;
    if (mean) {
      for (let i = 0; i < width; i++) {
        target[to + i] = Math.fround(data[from + i]! - mean[from + i]!) * scale;
      }
      return;
    }
    const value = Math.fround(meanValue[meanValue.length === 1 ? 0 : channel] ?? 0);
    for (let i = 0; i < width; i++) target[to + i] = Math.fround(data[from + i]! - value) * scale;
  }

  /**
   * @param what how an error names the image
   * @throws DataSourceError when the image does not go with crop_size or mean
   */
  check({ channels, height, width }: Omit<Planes, "data">, what: string): void {
    const { cropSize, meanValue } = this.#param;
    if (cropSize > Math.min(height, width)) {
      throw new DataSourceError(
        `${what}: an image of ${height} x ${width} pixels is smaller than crop_size ${cropSize}`,
      );
    }
    if (meanValue.length > 1 && meanValue.length !== channels) {
      throw new DataSourceError(
        `${what}: Specify either 1 mean_value or as many as channels: ${channels}; there are ${meanValue.length}`,
      );
    }
    const mean = this.mean;
    if (!mean) return;
    if (mean.channels !== channels || mean.height !== height || mean.width !== width) {
      throw new DataSourceError(
        `${what}: an image of ${channels} x ${height} x ${width} does not go with the mean_file of ` +
          `${mean.channels} x ${mean.height} x ${mean.width}; compute the mean of this dataset`,
      );
    }
  }
}
