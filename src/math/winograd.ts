/**
 * @file Convolutions with 3 x 3 or 5 x 5 taps in Winograd's way, F(4x4, 3x3) and F(2x2, 5x5): 36 matrix products
 * between tiles of 6 x 6 values, which multiply a quarter as often as the plain way, or 2.8 times less.
 */
import type { ConvolutionPlan, ConvolutionShape } from "../core/engine.ts";
import type { Pointer } from "../core/heap.ts";
import { type Shape, count } from "../core/shape.ts";
import type { Runtime } from "./runtime.ts";

const FLOAT_BYTES = 4;
/** Values of a tile along each axis; each value makes a matrix product of its own. */
const VALUES = 6;
const PLANES = VALUES * VALUES;
/** Numbers of taps along an axis for which there are transforms. */
const KNOWN_TAPS = [3, 5];
/** Tiles of both sides that are worked on together: what the last cache holds, in floats, but at least so many. */
const CHUNK_FLOATS = 1 << 20;
const LEAST_TILES = 128;
/** Transformed filters that are held at once where that costs nothing, in floats. */
const FILTER_FLOATS = 1 << 19;
/** With fewer channels in a group, pixels of all images or values the transforms take longer than they save. */
const LEAST_CHANNELS = 8;
const LEAST_PIXELS = 144;
const LEAST_VALUES = 9216;
/** Tiles of a row: as many as are transformed at once. */
const LEAST_ACROSS = 4;
/** Rows of pixels, and a few columns of all channels, must fit a thread's scratch memory. */
const LARGEST_WIDTH = 4000;
const MOST_CHANNELS = 8192;

/**
 * Whether a convolution is one of 3 x 3 or 5 x 5 taps, without stride and dilation, large enough that
 * Winograd's way pays. It rounds three to eight times as coarsely as the plain way, by 2e-6 of the largest value,
 * and a NaN or an infinity spreads over the pixels of each tile that sees it, where the plain way leaves those
 * finite whose window lies beside it. To look for such values costs a pass over the image, for a difference of
 * a few pixels that the next layers' windows swallow.
 */
export function suitsWinograd(shape: ConvolutionShape): boolean {
  const { images, groups, image, out, kernel, stride, pad, dilation } = shape;
  const channels = Math.min(shape.imageChannels, shape.outChannels) / groups;
  const pixels = images * count(out);
  const [taps] = kernel;
  const isSquare =
    kernel.length === 2 &&
    KNOWN_TAPS.includes(taps!) &&
    kernel[1] === taps &&
    [...stride, ...dilation].every((step) => step === 1) &&
    pad.every((size, axis) => size < taps! && out[axis] === image[axis]! + 2 * size - taps! + 1);
  return (
    isSquare &&
    channels >= LEAST_CHANNELS &&
    Math.max(shape.imageChannels, shape.outChannels) / groups <= MOST_CHANNELS &&
    pixels >= LEAST_PIXELS &&
    channels * pixels >= LEAST_VALUES &&
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
  /** Pixels of the result along each axis of a tile. */
  readonly size: number;
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
  /** Channels of `to` that are worked on together. */
  readonly block: number;
}

/** Plans one that `suitsWinograd`. */
export function winogradPlan(runtime: Runtime, shape: ConvolutionShape): ConvolutionPlan {
  const { kernels, control } = runtime;
  const { images, groups, pad } = shape;
  const taps = shape.kernel[0]!;
  const imageSide = sideOf(shape.image, shape.imageChannels, groups);
  const outSide = sideOf(shape.out, shape.outChannels, groups);
  const channels = imageSide.channels + outSide.channels;
  const filterCount = imageSide.channels * outSide.channels;
  const passOf = (from: Side, to: Side, top: number, left: number): Pass => {
    const tiling = tilingOf(to, taps, channels, images);
    return { from, to, top, left, tiling, block: blockOf(tiling, from, to, images) };
  };
  const [top, left] = pad as [number, number];
  const forward = passOf(imageSide, outSide, top, left);
  const back = passOf(outSide, imageSide, taps - 1 - top, taps - 1 - left);
  const { winogradPlane } = kernels;
  const tilesAt = PLANES * Math.max(filterPlane(forward), filterPlane(back));
  runtime.reserve(0, tilesAt + PLANES * Math.max(tilePlanes(forward), tilePlanes(back)));

  function filterPlane({ from, block }: Pass): number {
    return winogradPlane(block * from.channels);
  }

  function tilePlanes({ from, block, tiling }: Pass): number {
    const tiles = tilesOf(tiling);
    return winogradPlane(tiles * from.channels) + winogradPlane(tiles * block);
  }

  /** The same product for each value of a tile; all matrices lie plane after plane. */
  function products(
    transB: boolean,
    M: number,
    N: number,
    K: number,
    adds: boolean,
    a: Pointer,
    b: Pointer,
    c: Pointer,
  ): void {
    const aStep = winogradPlane(M * K);
    const bStep = winogradPlane(K * N);
    const cStep = winogradPlane(M * N);
    runtime.products(PLANES, transB, M, N, K, a, aStep, b, bStep, adds, c, cStep);
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
    const { size, across } = tiling;
    const { winogradImage } = kernels;
    winogradImage(
      control,
      size,
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

  /** Transforms the filters of some channels of the result, from `first` on. */
  function transformFilters(pass: Pass, weight: Pointer, first: number, rows: number): void {
    const isTurned = pass === back;
    const { winogradFilters } = kernels;
    winogradFilters(
      control,
      taps,
      weight + FLOAT_BYTES * taps * taps * first * (isTurned ? 1 : imageSide.channels),
      runtime.sharedScratch,
      rows,
      outSide.channels,
      imageSide.channels,
      isTurned,
    );
  }

  /** Convolves a group; filters that all parts of the images need are transformed once. */
  function convolve(
    pass: Pass,
    source: Pointer,
    weight: Pointer,
    bias: Pointer,
    result: Pointer,
  ): void {
    const { from, to, tiling, block } = pass;
    const { size, across } = tiling;
    const { winogradResult } = kernels;
    const filters = runtime.sharedScratch;
    if (block === to.channels) transformFilters(pass, weight, 0, block);
    for (let n = 0; n < images; n += tiling.images) {
      const items = Math.min(tiling.images, images - n);
      for (let row = 0; row < tiling.down; row += tiling.rows) {
        const rows = rowsFrom(tiling, row);
        const tiles = transformSource(pass, imageAt(source, from, n), row, items);
        const N = items * rows * across;
        for (let first = 0; first < to.channels; first += block) {
          const M = Math.min(block, to.channels - first);
          if (block < to.channels) transformFilters(pass, weight, first, M);
          products(false, M, N, from.channels, false, filters, filters + tilesAt, tiles);
          winogradResult(
            control,
            size,
            tiles,
            channelAt(imageAt(result, to, n), to, first),
            M,
            to.height,
            to.width,
            bias && bias + FLOAT_BYTES * first,
            row,
            rows,
            across,
            items,
            to.step,
          );
        }
      }
    }
  }

  function convolveGroup(
    pass: Pass,
    group: number,
    source: Pointer,
    weight: Pointer,
    bias: Pointer,
    result: Pointer,
  ): void {
    const { from, to } = pass;
    const filters = weight + FLOAT_BYTES * taps * taps * group * filterCount;
    const biases = bias ? bias + FLOAT_BYTES * group * to.channels : 0;
    convolve(pass, groupAt(source, from, group), filters, biases, groupAt(result, to, group));
  }

  /** Adds the gradient of the filters of some channels, whose tiles have been summed, or writes it. */
  function storeGradient(weightDiff: Pointer, first: number, rows: number, adds: boolean): void {
    const { channels } = imageSide;
    const { winogradFilterDiff } = kernels;
    const diff = weightDiff + FLOAT_BYTES * taps * taps * first * channels;
    winogradFilterDiff(control, taps, runtime.sharedScratch, diff, rows, channels, adds);
  }

  /** The gradient of a group's filters: tiles are summed over all parts of the images. */
  function filterGradient(x: Pointer, y: Pointer, weightDiff: Pointer, adds: boolean): void {
    const { tiling, from, to, block } = forward;
    const { size, across } = tiling;
    const { winogradResultDiff } = kernels;
    const sums = runtime.sharedScratch;
    for (let n = 0; n < images; n += tiling.images) {
      const items = Math.min(tiling.images, images - n);
      for (let row = 0; row < tiling.down; row += tiling.rows) {
        const rows = rowsFrom(tiling, row);
        const diffs = transformSource(forward, imageAt(x, from, n), row, items);
        const K = items * rows * across;
        for (let first = 0; first < to.channels; first += block) {
          const M = Math.min(block, to.channels - first);
          winogradResultDiff(
            control,
            size,
            channelAt(imageAt(y, to, n), to, first),
            diffs,
            M,
            to.height,
            to.width,
            row,
            rows,
            across,
            items,
            to.step,
          );
          const isFirst = n === 0 && row === 0;
          products(true, M, from.channels, K, !isFirst, diffs, sums + tilesAt, sums);
          if (block < to.channels) storeGradient(weightDiff, first, M, adds);
        }
      }
    }
    if (block === to.channels) storeGradient(weightDiff, 0, block, adds);
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
        const [xs, ys] = [groupAt(x, imageSide, group), groupAt(y, outSide, group)];
        const diff = weightDiff + FLOAT_BYTES * taps * taps * group * filterCount;
        filterGradient(xs, ys, diff, adds);
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

const channelAt = (base: Pointer, { height, width }: Side, channel: number): Pointer =>
  base + FLOAT_BYTES * channel * height * width;

const groupAt = (base: Pointer, side: Side, group: number): Pointer =>
  channelAt(base, side, group * side.channels);

/** Rows of tiles of the part that starts with `row`. */
function rowsFrom({ rows, down }: Tiling, row: number): number {
  return Math.min(rows, down - row);
}

/** Cuts into parts of equal size that a chunk holds: of an image, or of so many whole images. */
function tilingOf({ height, width }: Side, taps: number, channels: number, images: number): Tiling {
  const size = VALUES - taps + 1;
  const across = Math.max(LEAST_ACROSS, Math.ceil(width / size));
  const down = Math.ceil(height / size);
  const most = Math.max(LEAST_TILES, CHUNK_FLOATS / (PLANES * channels));
  const longest = Math.ceil(most / across);
  const equal = (total: number, most: number) => Math.ceil(total / Math.ceil(total / most));
  const together = Math.max(1, Math.floor(longest / down));
  return { size, across, down, rows: equal(down, longest), images: equal(images, together) };
}

/**
 * Channels of the result that are worked on together: all where their filters serve several parts of the
 * images, else so few that their filters take little memory.
 */
function blockOf(
  { rows, down, images: together }: Tiling,
  from: Side,
  to: Side,
  images: number,
): number {
  if (rows < down || together < images) return to.channels;
  const parts = Math.ceil((PLANES * from.channels * to.channels) / FILTER_FLOATS);
  return Math.ceil(to.channels / parts);
}

const tilesOf = ({ across, rows, images }: Tiling) => across * rows * images;
