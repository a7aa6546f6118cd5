/** @file Convolutions with 3 x 3 taps by Winograd's F(2x2, 3x3): 16 matrix products in place of 36 ninths. */
import type { ConvolutionPlan, ConvolutionShape } from "../core/engine.ts";
import type { Pointer } from "../core/heap.ts";
import type { Runtime } from "./runtime.ts";

const FLOAT_BYTES = 4;
/** Values of a tile, each of which makes a matrix product of its own. */
const PLANES = 16;
/** Tiles of both sides that are worked on together, in floats: what the last cache holds. */
const CHUNK_FLOATS = 3 << 20;
/** With fewer channels or pixels the transforms take longer than the products that they save. */
const LEAST_CHANNELS = 48;
/** The faster an engine multiplies, the less there is to save. */
const LEAST_PIXELS = { native: 2048, wasm: 192 };
/** Rows of pixels must fit a thread's scratch memory. */
const LARGEST_WIDTH = 4000;

/**
 * Whether a convolution is one of 3 x 3 taps, without stride, dilation and groups, large enough that
 * Winograd's way pays. It rounds about twice as coarsely as the plain way.
 */
export function suitsWinograd({ native }: Runtime, shape: ConvolutionShape): boolean {
  const { groups, imageChannels, outChannels, image, out, kernel, stride, pad, dilation } = shape;
  const isSquare =
    kernel.length === 2 &&
    kernel.every((size) => size === 3) &&
    [...stride, ...dilation].every((step) => step === 1) &&
    pad.every((size, axis) => size <= 2 && out[axis] === image[axis]! + 2 * size - 2);
  return (
    isSquare &&
    groups === 1 &&
    Math.min(imageChannels, outChannels) >= LEAST_CHANNELS &&
    out[0]! * out[1]! >= LEAST_PIXELS[native ? "native" : "wasm"] &&
    Math.max(image[1]!, out[1]!) <= LARGEST_WIDTH
  );
}

/** One side of the convolution: images of so many channels. */
interface Side {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** How the result of a pass is cut into tiles. */
interface Tiling {
  /** Tiles in a row, a multiple of four. */
  readonly across: number;
  readonly down: number;
  /** Rows of tiles that are worked on together. */
  readonly rows: number;
}

/** Plans one that `suitsWinograd`. */
export function winogradPlan(runtime: Runtime, shape: ConvolutionShape): ConvolutionPlan {
  const { kernels, control } = runtime;
  const { images, imageChannels, outChannels, image, out, pad } = shape;
  const imageSide = { channels: imageChannels, height: image[0]!, width: image[1]! };
  const outSide = { channels: outChannels, height: out[0]!, width: out[1]! };
  const filters = PLANES * imageChannels * outChannels;
  const forward = tilingOf(outSide, imageChannels + outChannels);
  const back = tilingOf(imageSide, imageChannels + outChannels);
  const largest = Math.max(tilesOf(forward), tilesOf(back));
  runtime.reserve(0, FLOAT_BYTES * (filters + PLANES * largest * (imageChannels + outChannels)));

  /** Scratch memory: transformed filters, then tiles of either side. */
  const scratch = () => runtime.sharedScratch;
  const tilesFrom = () => scratch() + FLOAT_BYTES * filters;
  /** The same product for each value of a tile; all matrices lie plane after plane. */
  const products = (
    transB: boolean,
    M: number,
    N: number,
    K: number,
    beta: number,
    ...places: Pointer[]
  ) => {
    const [a, b, c] = places as [Pointer, Pointer, Pointer];
    for (let k = 0; k < PLANES; k++) {
      const at = (base: Pointer, size: number) => base + FLOAT_BYTES * k * size;
      runtime.gemm(false, transB, M, N, K, 1, at(a, M * K), at(b, K * N), beta, at(c, M * N));
    }
  };
  /** Calls `work` for each part of each image, with its first row of tiles and their number. */
  const eachPart = (
    { down, rows }: Tiling,
    work: (n: number, row: number, count: number) => void,
  ) => {
    for (let n = 0; n < images; n++) {
      for (let row = 0; row < down; row += rows) work(n, row, Math.min(rows, down - row));
    }
  };

  function convolve(
    from: Side & { at: Pointer; pads: readonly number[] },
    to: Side & { at: Pointer; bias: Pointer },
    tiling: Tiling,
  ): void {
    const { across } = tiling;
    eachPart(tiling, (n, row, rows) => {
      const tiles = rows * across;
      const source = tilesFrom();
      const result = source + FLOAT_BYTES * PLANES * from.channels * tiles;
      kernels.winogradImage(
        ...[control, imageAt(from.at, from, n), source, from.channels, from.height, from.width],
        ...[from.pads[0]!, from.pads[1]!, row, rows, across],
      );
      products(false, to.channels, tiles, from.channels, 0, scratch(), source, result);
      kernels.winogradResult(
        ...[control, result, imageAt(to.at, to, n), to.channels, to.height, to.width],
        ...[to.bias, row, rows, across],
      );
    });
  }

  return {
    correlate(x, weight, bias, y) {
      kernels.winogradFilters(control, weight, scratch(), outChannels, imageChannels, false);
      convolve({ ...imageSide, at: x, pads: pad }, { ...outSide, at: y, bias }, forward);
    },
    scatter(y, weight, bias, x) {
      kernels.winogradFilters(control, weight, scratch(), outChannels, imageChannels, true);
      const pads = pad.map((size) => 2 - size);
      convolve({ ...outSide, at: y, pads }, { ...imageSide, at: x, bias }, back);
    },
    weightGradient(x, y, weightDiff, adds) {
      const { across } = forward;
      let beta = 0;
      eachPart(forward, (n, row, rows) => {
        const tiles = rows * across;
        const values = tilesFrom();
        const diffs = values + FLOAT_BYTES * PLANES * imageChannels * tiles;
        kernels.winogradImage(
          ...[control, imageAt(x, imageSide, n), values, imageChannels, imageSide.height],
          ...[imageSide.width, pad[0]!, pad[1]!, row, rows, across],
        );
        kernels.winogradResultDiff(
          ...[control, imageAt(y, outSide, n), diffs, outChannels, outSide.height, outSide.width],
          ...[row, rows, across],
        );
        products(true, outChannels, imageChannels, tiles, beta, diffs, values, scratch());
        beta = 1;
      });
      const { winogradFilterDiff } = kernels;
      winogradFilterDiff(control, scratch(), weightDiff, outChannels, imageChannels, adds);
    },
    dispose() {},
  };
}

function imageAt(base: Pointer, { channels, height, width }: Side, n: number): Pointer {
  return base + FLOAT_BYTES * n * channels * height * width;
}

function tilingOf({ height, width }: Side, channels: number): Tiling {
  const across = 4 * Math.ceil(width / 8);
  const down = Math.ceil(height / 2);
  const longest = Math.max(1, Math.floor(CHUNK_FLOATS / (PLANES * channels * across)));
  return { across, down, rows: Math.ceil(down / Math.ceil(down / longest)) };
}

const tilesOf = ({ across, rows }: Tiling) => across * rows;
