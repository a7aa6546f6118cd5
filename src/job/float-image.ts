/** @file Images as nets take them: float planes, and the 8-bit pictures that people look at. */
import { DataSourceError } from "../errors.ts";
import type { Picture } from "./picture.ts";

/** Planes one after the other, (channels, height, width); colours in Caffe's order blue, green, red. */
export interface FloatImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * The image with as many channels as a net takes: gray is copied; colour is turned to gray with
 * the weights of OpenCV, 0.114 blue + 0.587 green + 0.299 red.
 * @throws DataSourceError for any other pair
 */
export function withChannels(image: FloatImage, channels: number): FloatImage {
  if (image.channels === channels) return image;
  const { height, width, data } = image;
  const pixels = height * width;
  if (image.channels === 1) {
    const copies = new Float32Array(channels * pixels);
    for (let c = 0; c < channels; c++) copies.set(data, c * pixels);
    return { channels, height, width, data: copies };
  }
  if (image.channels === 3 && channels === 1) {
    const gray = Float32Array.from(
      { length: pixels },
      (_, i) => 0.114 * data[i]! + 0.587 * data[pixels + i]! + 0.299 * data[2 * pixels + i]!,
    );
    return { channels, height, width, data: gray };
  }
  throw new DataSourceError(
    `the net takes images of ${channels} channel(s), this one has ${image.channels}`,
  );
}

/** What is taken off each value before a net sees it: one number a channel, or an image. */
export type Mean = { readonly perChannel: readonly number[] } | { readonly image: FloatImage };

/**
 * (value - mean) * scale, as Caffe's transformer does it.
 * @throws DataSourceError where the mean is of another shape
 */
export function normalized(image: FloatImage, mean: Mean | undefined, scale = 1): FloatImage {
  if (!mean && scale === 1) return image;
  const { channels, height, width, data } = image;
  const pixels = height * width;
  const meanAt = meanOf(image, mean);
  const result = data.map((value, i) => (value - meanAt(Math.floor(i / pixels), i)) * scale);
  return { channels, height, width, data: result };
}

function meanOf(
  { channels, height, width }: FloatImage,
  mean: Mean | undefined,
): (channel: number, index: number) => number {
  if (!mean) return () => 0;
  if ("perChannel" in mean) {
    const { perChannel } = mean;
    if (perChannel.length === 1) return () => perChannel[0]!;
    if (perChannel.length === channels) return (channel) => perChannel[channel]!;
    throw new DataSourceError(
      `there are ${perChannel.length} mean values for ${channels} channel(s); give one, or one a channel`,
    );
  }
  const { image } = mean;
  if (image.channels === channels && image.height === height && image.width === width) {
    return (_, index) => image.data[index]!;
  }
  throw new DataSourceError(
    `the mean image is ${image.channels} x ${image.height} x ${image.width}, ` +
      `this image ${channels} x ${height} x ${width}; give mean values instead (--mean 100)`,
  );
}

/** The values that are shown black and white. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** 0 to 255 where all values are bytes, else from the smallest to the largest. */
export function valueRange({ data }: FloatImage): ValueRange {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let bytes = true;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    bytes &&= Number.isInteger(value) && value >= 0 && value <= 255;
  }
  return bytes ? { low: 0, high: 255 } : { low, high };
}

/**
 * The image as a person looks at it. Values that are bytes already stay; others are stretched from
 * smallest to largest, or over the given range.
 */
export function shownImage(image: FloatImage, range: ValueRange = valueRange(image)): Picture {
  const { channels, height, width, data } = image;
  const pixels = height * width;
  const factor = 255 / (range.high - range.low || 1);
  const byte = (i: number) =>
    Math.min(255, Math.max(0, Math.round((data[i]! - range.low) * factor)));
  if (channels !== 3) {
    const gray = new Uint8Array(pixels);
    for (let i = 0; i < pixels; i++) gray[i] = byte(i);
    return { width, height, channels: 1, pixels: gray };
  }
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = byte((2 - c) * pixels + i);
  }
  return { width, height, channels: 3, pixels: rgb };
}
