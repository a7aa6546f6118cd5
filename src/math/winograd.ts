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
  const { images, imageChannels, outChannels, image, out, pad } = shape;
  const imageSide = { channels: imageChannels, height: image[0]!, width: image[1]! };
  const outSide = { channels: outChannels, height: out[0]!, width: out[1]! };
  const channels = imageChannels + outChannels;
  const [top, left] = pad as [number, number];
  const forward: Pass = {
    ...{ from: imageSide, to: outSide, top, left },
    tiling: tilingOf(outSide, channels),
  };
  const back: Pass = {
    ...{ from: outSide, to: imageSide, top: 2 - top, left: 2 - left },
    tiling: tilingOf(imageSide, channels),
  };
  const filterBytes = FLOAT_BYTES * PLANES * imageChannels * outChannels;
  const largest = Math.max(tilesOf(forward.tiling), tilesOf(back.tiling));
  runtime.reserve(0, filterBytes + FLOAT_BYTES * PLANES * largest * channels);

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
    for (let k = 0; k < PLANES; k++) {
      const plane = FLOAT_BYTES * k;
      const left = a + plane * M * K;
      const right = b + plane * K * N;
      runtime.gemm(false, transB, M, N, K, 1, left, right, beta, c + plane * M * N);
    }
  }

  /** Scratch memory holds the transformed filters, then tiles of either side. */
  function transformSource(
    { from, top, left, tiling }: Pass,
    image: Pointer,
    row: number,
  ): Pointer {
    const tiles = runtime.sharedScratch + filterBytes;
    const { height, width } = from;
    const rows = rowsFrom(tiling, row);
    const { winogradImage } = kernels;
    winogradImage(
      control,
      image,
      tiles,
      from.channels,
      height,
      width,
      top,
      left,
      row,
      rows,
      tiling.across,
    );
    return tiles + FLOAT_BYTES * PLANES * from.channels * rows * tiling.across;
  }

  function convolve(pass: Pass, source: Pointer, result: Pointer, bias: Pointer): void {
    const { from, to, tiling } = pass;
    const { across } = tiling;
    const { winogradResult } = kernels;
    for (let n = 0; n < images; n++) {
      const target = imageAt(result, to, n);
      for (let row = 0; row < tiling.down; row += tiling.rows) {
        const rows = rowsFrom(tiling, row);
        const tiles = transformSource(pass, imageAt(source, from, n), row);
        const filters = runtime.sharedScratch;
        products(
          false,
          to.channels,
          rows * across,
          from.channels,
          0,
          filters,
          filters + filterBytes,
          tiles,
        );
        winogradResult(
          control,
          tiles,
          target,
          to.channels,
          to.height,
          to.width,
          bias,
          row,
          rows,
          across,
        );
      }
    }
  }

  return {
    correlate(x, weight, bias, y) {
      const { sharedScratch } = runtime;
      kernels.winogradFilters(control, weight, sharedScratch, outChannels, imageChannels, false);
      convolve(forward, x, y, bias);
    },
    scatter(y, weight, bias, x) {
      const { sharedScratch } = runtime;
      kernels.winogradFilters(control, weight, sharedScratch, outChannels, imageChannels, true);
      convolve(back, y, x, bias);
    },
    weightGradient(x, y, weightDiff, adds) {
      const { tiling, from, to } = forward;
      const { across } = tiling;
      const { winogradResultDiff, winogradFilterDiff } = kernels;
      const filters = runtime.sharedScratch;
      for (let n = 0; n < images; n++) {
        const diff = imageAt(y, to, n);
        for (let row = 0; row < tiling.down; row += tiling.rows) {
          const rows = rowsFrom(tiling, row);
          const beta = n === 0 && row === 0 ? 0 : 1;
          const diffs = transformSource(forward, imageAt(x, from, n), row);
          winogradResultDiff(
            control,
            diff,
            diffs,
            outChannels,
            to.height,
            to.width,
            row,
            rows,
            across,
          );
          const values = filters + filterBytes;
          products(true, outChannels, imageChannels, rows * across, beta, diffs, values, filters);
        }
      }
      winogradFilterDiff(control, filters, weightDiff, outChannels, imageChannels, adds);
    },
    dispose() {},
  };
}

function imageAt(base: Pointer, { channels, height, width }: Side, n: number): Pointer {
  return base + FLOAT_BYTES * n * channels * height * width;
}

/** Rows of tiles of the part that starts with `row`. */
function rowsFrom({ rows, down }: Tiling, row: number): number {
  return Math.min(rows, down - row);
}

function tilingOf({ height, width }: Side, channels: number): Tiling {
  const across = 4 * Math.ceil(width / 8);
  const down = Math.ceil(height / 2);
  const longest = Math.max(1, Math.floor(CHUNK_FLOATS / (PLANES * channels * across)));
  return { across, down, rows: Math.ceil(down / Math.ceil(down / longest)) };
}

const tilesOf = ({ across, rows }: Tiling) => across * rows;
