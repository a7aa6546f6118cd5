/** @file The mean of images, pixel by pixel: read from a file, or computed. */
import { DataSourceError, ModelFileError } from "../errors.ts";
import { blobFromProto, readBinaryProto, readNpy } from "../model-file/index.ts";
import type { BlobProto } from "../schema/index.ts";
import type { Planes } from "./datum.ts";

/** A mean image, with the axes (channel, row, column). */
export interface MeanImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * Reads a mean image from a .binaryproto, or from a .npy with three axes.
 * @throws ModelFileError when the file is missing, damaged, or no image
 */
export async function readMeanImage(path: string): Promise<MeanImage> {
  const { shape, data } = path.endsWith(".npy")
    ? await readNpy(path)
    : blobFromProto(await readBinaryProto(path), path);
  const [channels = 1, height = 1, width = 1] = shape.slice(-3);
  if (shape.length < 3 || shape.slice(0, -3).some((size) => size !== 1)) {
    throw new ModelFileError(
      `${path}: a mean image has the shape channels x height x width, not ${shape.join(" x ")}`,
    );
  }
  return { channels, height, width, data };
}

/** Sums images of one shape in float64, so that the order and number of images do not show in the mean. */
export class MeanAccumulator {
  #sum: Float64Array | undefined;
  #shape: Omit<Planes, "data"> = { channels: 0, height: 0, width: 0 };
  #count = 0;

  /** Images added so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param what how an error names the image
   * @throws DataSourceError when the image has another shape than the first one
   */
  add({ channels, height, width, data }: Planes, what = "an image"): void {
    this.#sum ??= new Float64Array(data.length);
    if (this.#count === 0) this.#shape = { channels, height, width };
    const first = this.#shape;
    if (channels !== first.channels || height !== first.height || width !== first.width) {
      throw new DataSourceError(
        `${what}: a mean needs images of one shape; this one is ${channels} x ${height} x ${width}, ` +
          `the first ${first.channels} x ${first.height} x ${first.width}`,
      );
    }
    const sum = this.#sum;
    for (let i = 0; i < sum.length; i++) sum[i]! += data[i]!;
    this.#count++;
  }

  /**
   * The mean as Caffe's tools write it: a blob of 1 x C x H x W in the old form of shapes.
   * @throws DataSourceError when no image was added
   */
  toProto(): BlobProto {
    const sum = this.#sum;
    if (!sum) throw new DataSourceError("there is no mean of no images");
    const data = Float32Array.from(sum, (value) => value / this.#count);
    return { num: 1, ...this.#shape, data };
  }

  /** The mean of each channel over all images and pixels. */
  channelMeans(): number[] {
    const { channels, height, width } = this.#shape;
    const area = height * width;
    return Array.from({ length: channels }, (_, c) => {
      let sum = 0;
      for (let i = c * area; i < (c + 1) * area; i++) sum += this.#sum![i]!;
      return sum / area / this.#count;
    });
  }
}
