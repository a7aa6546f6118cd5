/** @file Convolutions with 3 x 3 taps by Winograd's F(2x2, 3x3): 16 matrix products in place of 36 ninths. */
import type { ConvolutionPlan, ConvolutionShape } from "../core/engine.ts";
import type { Pointer } from "../core/heap.ts";
import { type Shape, count } from "../core/shape.ts";
import type { Runtime } from "./runtime.ts";

const FLOAT_BYTES = 4;
/** Values of a tile, each of which makes a matrix product of its own. */
const PLANES = 16;
/** Tiles of both sides that are worked on together, in floats: what the last cache holds. */
const CHUNK_FLOATS = 3 << 19;
/** With fewer channels in a group the transforms take longer than the products that they save. */
const LEAST_CHANNELS = 48;
/** So do those of few pixels: of all images, or of one where an engine multiplies too fast for more images to pay. */
const LEAST_PIXELS = 192;
const LEAST_NATIVE_PIXELS = 2048;
/** Tiles of a row: as many as are transformed at once. */
const LEAST_ACROSS = 4;
/** Rows of pixels must fit a thread's scratch memory. */
const LARGEST_WIDTH = 4000;

/**
 * Whether a convolution is one of 3 x 3 taps, without stride and dilation, large enough that Winograd's
 * way pays. It rounds about twice as coarsely as the plain way, and a NaN or an infinity spreads over the
 * 2 x 2 pixels of each tile that sees it, where the plain way leaves those finite whose window lies
 * beside it. To look for such values costs a pass over the image, for a difference of one pixel that the
 * next layer's window swallows.
 */
export function suitsWinograd({ native }: Runtime, shape: ConvolutionShape): boolean {
  const { images, groups, image, out, kernel, stride, pad, dilation } = shape;
  const channels = Math.min(shape.imageChannels, shape.outChannels) / groups;
  const pixels = count(out);
  const isSquare =
    kernel.length === 2 &&
    kernel.every((size) => size === 3) &&
    [...stride, ...dilation].every((step) => step === 1) &&
    pad.every((size, axis) => size <= 2 && out[axis] === image[axis]! + 2 * size - 2);
  return (
    isSquare &&
    channels >= LEAST_CHANNELS &&
    (native ? pixels >= LEAST_NATIVE_PIXELS : images * pixels >= LEAST_PIXELS) &&
    Math.max(image[1]!, out[1]!) <= LARGEST_WIDTH
  );
}

/** One side of the convolution. */
interface Side {
  /** Channels of a group. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Floats from image to image. */
  readonly step: number;
}

/** How the result of a pass is cut into tiles. */
interface Tiling {
  /** Tiles in a row. */
  readonly across: number;
  readonly down: number;
  /** Rows of tiles that are worked on together: all of them, where it is more than one image. */
  readonly rows: number;
  readonly images: number;
}

/** One direction: from the image to the out side, or back. */
interface Pass {
  readonly from: Side;
  readonly to: Side;
  /** Padding above and left of `from`. */
  readonly top: number;
  readonly left: number;
  readonly tiling: Tiling;
}

/** Plans one that `suitsWinograd`. */
export function winogradPlan(runtime: Runtime, shape: ConvolutionShape): ConvolutionPlan {
  const { kernels, control } = runtime;
  const { images, groups, pad } = shape;
  const imageSide = sideOf(shape.image, shape.imageChannels, groups);
  const outSide = sideOf(shape.out, shape.outChannels, groups);
  const channels = imageSide.channels + outSide.channels;
  const filterCount = imageSide.channels * outSide.channels;
  const [top, left] = pad as [number, number];
  const forward: Pass = {
    ...{ from: imageSide, to: outSide, top, left },
    tiling: tilingOf(outSide, channels, images),
  };
  const back: Pass = {
    ...{ from: outSide, to: imageSide, top: 2 - top, left: 2 - left },
    tiling: tilingOf(imageSide, channels, images),
  };
  const { winogradPlane } = kernels;
  const tilesAt = PLANES * winogradPlane(filterCount);
  const largest = Math.max(tilesOf(forward.tiling), tilesOf(back.tiling));
  const sides = [imageSide, outSide].map((side) => winogradPlane(largest * side.channels));
  runtime.reserve(0, tilesAt + PLANES * (sides[0]! + sides[1]!));

  /** The same product for each value of a tile; all matrices lie plane after plane. */
  function products(
    transB: boolean,
    M: number,
    N: number,
    K: number,
    beta: number,
    a: Pointer,
    b: Pointer,
    c: Pointer,
  ): void {
    const left = winogradPlane(M * K);
    const right = winogradPlane(K * N);
    const result = winogradPlane(M * N);
    for (let k = 0; k < PLANES; k++) {
      const at = c + k * result;
      runtime.gemm(false, transB, M, N, K, 1, a + k * left, b + k * right, beta, at);
    }
  }

  /** Scratch memory holds the transformed filters, then tiles of either side. */
  function transformSource(
    { from, top, left, tiling }: Pass,
    image: Pointer,
    row: number,
    items: number,
  ): Pointer {
    const tiles = runtime.sharedScratch + tilesAt;
    const { channels, height, width, step } = from;
    const rows = rowsFrom(tiling, row);
    const { across } = tiling;
    const { winogradImage } = kernels;
    winogradImage(
      control,
      image,
      tiles,
      channels,
      height,
      width,
      top,
      left,
      row,
      rows,
      across,
      items,
      step,
    );
    return tiles + PLANES * winogradPlane(channels * items * rows * across);
  }

  function convolve(pass: Pass, source: Pointer, result: Pointer, bias: Pointer): void {
    const { from, to, tiling } = pass;
    const { across } = tiling;
    const { winogradResult } = kernels;
    const filters = runtime.sharedScratch;
    for (let n = 0; n < images; n += tiling.images) {
      const items = Math.min(tiling.images, images - n);
      const target = imageAt(result, to, n);
      for (let row = 0; row < tiling.down; row += tiling.rows) {
        const rows = rowsFrom(tiling, row);
        const tiles = transformSource(pass, imageAt(source, from, n), row, items);
        const N = items * rows * across;
        products(false, to.channels, N, from.channels, 0, filters, filters + tilesAt, tiles);
        const { channels, height, width, step } = to;
        winogradResult(
          control,
          tiles,
          target,
          channels,
          height,
          width,
          bias,
          row,
          rows,
          across,
          items,
          step,
        );
      }
    }
  }

  /** Transforms the filters of a group and convolves. */
  function convolveGroup(
    pass: Pass,
    group: number,
    source: Pointer,
    weight: Pointer,
    bias: Pointer,
    result: Pointer,
  ): void {
    const { from, to } = pass;
    const { sharedScratch } = runtime;
    const filters = weight + FLOAT_BYTES * 9 * group * filterCount;
    const isTurned = pass === back;
    const { winogradFilters } = kernels;
    winogradFilters(
      control,
      filters,
      sharedScratch,
      outSide.channels,
      imageSide.channels,
      isTurned,
    );
    const biases = bias ? bias + FLOAT_BYTES * group * to.channels : 0;
    convolve(pass, groupAt(source, from, group), groupAt(result, to, group), biases);
  }

  /** Adds up the tiles of the filters' gradients. */
  function sumFilterTiles(x: Pointer, y: Pointer): void {
    const { tiling, from, to } = forward;
    const { across } = tiling;
    const { winogradResultDiff } = kernels;
    const sums = runtime.sharedScratch;
    for (let n = 0; n < images; n += tiling.images) {
      const items = Math.min(tiling.images, images - n);
      const diff = imageAt(y, to, n);
      for (let row = 0; row < tiling.down; row += tiling.rows) {
        const rows = rowsFrom(tiling, row);
        const beta = n === 0 && row === 0 ? 0 : 1;
        const diffs = transformSource(forward, imageAt(x, from, n), row, items);
        const { channels, height, width, step } = to;
        winogradResultDiff(
          control,
          diff,
          diffs,
          channels,
          height,
          width,
          row,
          rows,
          across,
          items,
          step,
        );
        const K = items * rows * across;
        products(true, channels, from.channels, K, beta, diffs, sums + tilesAt, sums);
      }
    }
  }

  return {
    correlate(x, weight, bias, y) {
      for (let group = 0; group < groups; group++) {
        convolveGroup(forward, group, x, weight, bias, y);
      }
    },
    scatter(y, weight, bias, x) {
      for (let group = 0; group < groups; group++) convolveGroup(back, group, y, weight, bias, x);
    },
    weightGradient(x, y, weightDiff, adds) {
      for (let group = 0; group < groups; group++) {
        sumFilterTiles(groupAt(x, imageSide, group), groupAt(y, outSide, group));
        const diff = weightDiff + FLOAT_BYTES * 9 * group * filterCount;
        const { winogradFilterDiff } = kernels;
        const { sharedScratch } = runtime;
        winogradFilterDiff(
          control,
          sharedScratch,
          diff,
          outSide.channels,
          imageSide.channels,
          adds,
        );
      }
    },
    dispose() {},
  };
}

function sideOf([height, width]: Shape, channels: number, groups: number): Side {
  return {
    channels: channels / groups,
    height: height!,
    width: width!,
    step: channels * height! * width!,
  };
}

const imageAt = (base: Pointer, { step }: Side, n: number): Pointer =>
  base + FLOAT_BYTES * n * step;

const groupAt = (base: Pointer, { channels, height, width }: Side, group: number): Pointer =>
  base + FLOAT_BYTES * group * channels * height * width;

/** Rows of tiles of the part that starts with `row`. */
function rowsFrom({ rows, down }: Tiling, row: number): number {
  return Math.min(rows, down - row);
}

/** Cuts into parts of equal size that a chunk holds: of an image, or of so many whole images. */
function tilingOf({ height, width }: Side, channels: number, images: number): Tiling {
  const across = Math.max(LEAST_ACROSS, Math.ceil(width / 2));
  const down = Math.ceil(height / 2);
  const longest = Math.max(1, Math.floor(CHUNK_FLOATS / (PLANES * channels * across)));
  const equal = (total: number, most: number) => Math.ceil(total / Math.ceil(total / most));
  const together = Math.max(1, Math.floor(longest / down));
  return { across, down, rows: equal(down, longest), images: equal(images, together) };
}

const tilesOf = ({ across, rows, images }: Tiling) => across * rows * images;
