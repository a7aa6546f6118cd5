/** @file Writes the geometry of a convolution to the heap, for the kernels to read. */
import type { ConvolutionPlan, ConvolutionShape } from "../core/engine.ts";
import type { Heap, Pointer } from "../core/heap.ts";
import { count } from "../core/shape.ts";
import type { NativeEngine } from "./native.ts";
import type { Runtime } from "./runtime.ts";
import { suitsWinograd, winogradPlan } from "./winograd.ts";

const FLOAT_BYTES = 4;
/** Rows of the column matrix that a scattering task computes, about. */
const SCATTER_ROWS = 96;
/** Scattering tasks that there should be, as far as channels allow it. */
const SCATTER_TASKS = 12;
/** Pairs of channels in a group up to which the thin kernels are faster than a matrix product. */
const THIN_PAIRS = 4;

/** Images from which on each may be a task, if what a task packs fits its cache and the gradients a buffer. */
const LEAST_BATCH = 16;
const BATCH_FLOATS = 1 << 17;

/** Taps in a row from which on the kernels read them as neighbours in memory. */
const WIDE_TAPS = 8;

/** Plans a convolution on this runtime; see `ConvolutionPlan`. */
export function planConvolution(runtime: Runtime, shape: ConvolutionShape): ConvolutionPlan {
  if (isEmpty(shape)) return emptyPlan(runtime, shape);
  if (suitsWinograd(shape)) return winogradPlan(runtime, shape);
  const tables = new Tables(runtime.heap);
  try {
    return tablePlan(runtime, shape, tables);
  } catch (error) {
    tables.dispose();
    throw error;
  }
}

/** What one plan has on the heap. */
class Tables {
  readonly #heap: Heap;
  readonly #pointers: Pointer[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  place(values: Int32Array): Pointer {
    const pointer = this.#heap.allocate(values.length * FLOAT_BYTES);
    this.#pointers.push(pointer);
    this.#heap.ints(pointer, values.length).set(values);
    return pointer;
  }

  dispose(): void {
    for (const pointer of this.#pointers.splice(0)) this.#heap.free(pointer);
  }
}

/** A plan that finds values through tables of offsets. */
function tablePlan(runtime: Runtime, shape: ConvolutionShape, tables: Tables): ConvolutionPlan {
  const { kernels, control, packed, native } = runtime;
  const { geometry, reserve } = placeGeometry(runtime, shape, tables, false);
  const dispose = () => tables.dispose();
  if (native?.prepare(geometry)) return nativePlan(native, geometry, dispose);
  reserve();
  const mirrored = isMirrored(shape)
    ? placeGeometry(runtime, mirrorOf(shape), tables, true)
    : undefined;
  mirrored?.reserve();
  return {
    correlate(image, weight, bias, out) {
      const { sharedScratch } = runtime;
      kernels.correlate(control, packed, geometry, sharedScratch, image, weight, bias, out);
    },
    scatter(out, weight, bias, image) {
      if (!mirrored) kernels.scatter(control, packed, geometry, out, weight, bias, image);
      else {
        const { sharedScratch } = runtime;
        const { correlate } = kernels;
        correlate(control, packed, mirrored.geometry, sharedScratch, out, weight, bias, image);
      }
    },
    weightGradient(image, out, weightDiff, adds) {
      const { sharedScratch } = runtime;
      const { weightGradient } = kernels;
      weightGradient(control, packed, geometry, sharedScratch, image, out, weightDiff, adds);
    },
    dispose,
  };
}

/** Puts the geometry of a convolution on the heap. */
function placeGeometry(
  runtime: Runtime,
  shape: ConvolutionShape,
  tables: Tables,
  reversesTaps: boolean,
) {
  const layout = layoutOf(shape);
  const taps = tapOffsets(shape, layout);
  const tapTable = tables.place(reversesTaps ? taps.reverse() : taps);
  const positionTable = tables.place(positionOffsets(shape, layout));
  const rowTable = tables.place(sourceRows(shape, layout));
  const fields = geometryFields(shape, layout, { tapTable, positionTable, rowTable });
  const geometry = tables.place(fields.values);
  return {
    geometry,
    /** Makes sure that there is the scratch memory that the kernels need. */
    reserve() {
      const area = layout.isPadded ? layout.paddedArea * FLOAT_BYTES : 0;
      const scatterBytes = runtime.kernels.scatterScratchBytes() + fields.channelsPerTask * area;
      const batchBytes = fields.isBatch ? FLOAT_BYTES * batchFloats(shape, layout) : 0;
      runtime.reserve(scatterBytes + batchBytes, shape.imageChannels * area);
    },
  };
}

/**
 * Whether `scatter` is done as `correlate` of the mirrored convolution: with one channel a group and no
 * stride the transposed convolution is one with the kernel turned round, and gathering is faster.
 */
function isMirrored({
  groups,
  imageChannels,
  outChannels,
  kernel,
  stride,
  pad,
  dilation,
}: ConvolutionShape): boolean {
  return (
    imageChannels === groups &&
    outChannels === groups &&
    (kernel.at(-1) ?? 1) < WIDE_TAPS &&
    stride.every((step) => step === 1) &&
    pad.every((size, axis) => size <= dilation[axis]! * (kernel[axis]! - 1))
  );
}

function mirrorOf(shape: ConvolutionShape): ConvolutionShape {
  const { image, out, kernel, pad, dilation } = shape;
  const mirroredPad = pad.map((size, axis) => dilation[axis]! * (kernel[axis]! - 1) - size);
  return { ...shape, image: out, out: image, pad: mirroredPad };
}

function nativePlan(native: NativeEngine, geometry: Pointer, dispose: () => void): ConvolutionPlan {
  return {
    correlate(image, weight, bias, out) {
      native.correlate(geometry, image, weight, bias, out);
    },
    scatter(out, weight, bias, image) {
      native.scatter(geometry, out, weight, bias, image);
    },
    weightGradient(image, out, weightDiff, adds) {
      native.weightGradient(geometry, image, out, weightDiff, adds);
    },
    dispose,
  };
}

const imageCount = ({ images, imageChannels, image }: ConvolutionShape) =>
  images * imageChannels * count(image);
const outCount = ({ images, outChannels, out }: ConvolutionShape) =>
  images * outChannels * count(out);

const weightCount = ({ outChannels, imageChannels, groups, kernel }: ConvolutionShape) =>
  outChannels * (imageChannels / groups) * count(kernel);

function isEmpty(shape: ConvolutionShape): boolean {
  return imageCount(shape) === 0 || outCount(shape) === 0;
}

/** One side has no values, as after a Filter layer that keeps nothing: the other one is all 0. */
function emptyPlan({ kernels, control }: Runtime, shape: ConvolutionShape): ConvolutionPlan {
  return {
    correlate: (_image, _weight, _bias, out) => kernels.fill(control, outCount(shape), 0, out),
    scatter: (_out, _weight, _bias, image) => kernels.fill(control, imageCount(shape), 0, image),
    weightGradient(_image, _out, weightDiff, adds) {
      if (!adds) kernels.fill(control, weightCount(shape), 0, weightDiff);
    },
    dispose() {},
  };
}

/** How one channel of the image lies in memory when the kernels read it. */
interface Layout {
  /** Sizes of the channel as it is read: what the kernel reaches over, if that is not the image. */
  readonly sizes: readonly number[];
  readonly isPadded: boolean;
  /** Floats of a channel. */
  readonly paddedArea: number;
}

function layoutOf({ image, out, kernel, stride, pad, dilation }: ConvolutionShape): Layout {
  const reach = image.map(
    (_, axis) => (out[axis]! - 1) * stride[axis]! + dilation[axis]! * (kernel[axis]! - 1) + 1,
  );
  const isPadded = image.some((size, axis) => pad[axis]! > 0 || reach[axis]! > size);
  const sizes = isPadded ? reach : image;
  return { sizes, isPadded, paddedArea: count(sizes) };
}

/** Byte offset of each tap of each channel of a group, the last axis varying fastest. */
function tapOffsets(shape: ConvolutionShape, { sizes, paddedArea }: Layout): Int32Array {
  const { kernel, dilation, imageChannels, groups } = shape;
  const taps = gridOffsets(kernel, dilation, sizes);
  const channels = imageChannels / groups;
  const offsets = new Int32Array(channels * taps.length);
  for (let c = 0; c < channels; c++) {
    for (let t = 0; t < taps.length; t++) {
      offsets[c * taps.length + t] = c * paddedArea * FLOAT_BYTES + taps[t]!;
    }
  }
  return offsets;
}

function positionOffsets({ out, stride }: ConvolutionShape, { sizes }: Layout): Int32Array {
  return gridOffsets(out, stride, sizes);
}

/** Byte offsets of a grid of `counts` points, `steps` apart, in an array of the given sizes. */
function gridOffsets(
  counts: readonly number[],
  steps: readonly number[],
  sizes: readonly number[],
): Int32Array {
  const offsets = new Int32Array(count(counts));
  for (let i = 0; i < offsets.length; i++) {
    let rest = i;
    let offset = 0;
    let stride = 1;
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      offset += (rest % counts[axis]!) * steps[axis]! * stride;
      rest = Math.floor(rest / counts[axis]!);
      stride *= sizes[axis]!;
    }
    offsets[i] = offset * FLOAT_BYTES;
  }
  return offsets;
}

/** For each row of a padded channel the row of the image that it holds, or -1. */
function sourceRows({ image, pad }: ConvolutionShape, { sizes }: Layout): Int32Array {
  const last = Math.max(0, sizes.length - 1);
  const rows = new Int32Array(count(sizes, 0, last));
  for (let i = 0; i < rows.length; i++) {
    let rest = i;
    let row = 0;
    let stride = 1;
    for (let axis = last - 1; axis >= 0; axis--) {
      const index = (rest % sizes[axis]!) - pad[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
      if (index < 0 || index >= image[axis]!) row = Number.NEGATIVE_INFINITY;
      row += index * stride;
      stride *= image[axis]!;
    }
    rows[i] = row < 0 ? -1 : row;
  }
  return rows;
}

interface TablePlaces {
  readonly tapTable: Pointer;
  readonly positionTable: Pointer;
  readonly rowTable: Pointer;
}

/** The fields of kernels/geometry.ts, in their order. */
function geometryFields(shape: ConvolutionShape, layout: Layout, tables: TablePlaces) {
  const { images, imageChannels, outChannels, groups, image, out, kernel, stride } = shape;
  const taps = count(kernel);
  const last = image.length - 1;
  const width = image[last] ?? 1;
  const paddedWidth = layout.sizes[last] ?? 1;
  const padLeft = Math.min(paddedWidth, layout.isPadded ? (shape.pad[last] ?? 0) : 0);
  const channelsPerTask = scatterChannels(imageChannels / groups, taps);
  const isPlain =
    !layout.isPadded &&
    taps === 1 &&
    stride.every((step, axis) => step === 1 && out[axis] === image[axis]);
  const isBatch = suitsBatch(shape, layout);
  const values = Int32Array.of(
    images,
    imageChannels,
    outChannels,
    groups,
    taps,
    count(out),
    count(image),
    layout.paddedArea,
    Number(layout.isPadded),
    layout.paddedArea / paddedWidth,
    width,
    paddedWidth,
    padLeft,
    Math.min(width, paddedWidth - padLeft),
    tables.tapTable,
    tables.positionTable,
    tables.rowTable,
    out[last] ?? 1,
    (stride[last] ?? 1) * FLOAT_BYTES,
    (shape.dilation[last] ?? 1) === 1 ? (kernel[last] ?? 1) : 1,
    Number(isPlain),
    channelsPerTask,
    Number((imageChannels / groups) * (outChannels / groups) <= THIN_PAIRS),
    Number(isBatch),
  );
  return { values, channelsPerTask, isBatch };
}

/** Whether each image is a task; it depends on nothing but the shape. */
function suitsBatch(shape: ConvolutionShape, layout: Layout): boolean {
  const { images, groups, imageChannels, outChannels } = shape;
  return (
    images >= LEAST_BATCH &&
    (imageChannels / groups) * (outChannels / groups) > THIN_PAIRS &&
    weightCount(shape) <= BATCH_FLOATS &&
    batchFloats(shape, layout) <= BATCH_FLOATS
  );
}

/** Floats that a task of a batch keeps at most: a padded copy, and what it packs in panels of 8 columns. */
function batchFloats(shape: ConvolutionShape, { isPadded, paddedArea }: Layout): number {
  const { groups, imageChannels, outChannels, out, kernel } = shape;
  const panels = (columns: number) => 8 * Math.ceil(columns / 8);
  const positions = count(out);
  const taps = (imageChannels / groups) * count(kernel);
  const copied = isPadded ? (imageChannels / groups) * paddedArea : 0;
  return (
    copied +
    Math.max(taps, outChannels / groups) * panels(positions) +
    positions * (panels(taps) - taps)
  );
}

/** How many image channels a scattering task owns; it depends on nothing but the shape. */
function scatterChannels(channels: number, taps: number): number {
  let perTask = Math.max(1, Math.round(SCATTER_ROWS / taps));
  while (channels / perTask < SCATTER_TASKS && (perTask * taps) / 2 >= 24 && perTask > 1) {
    perTask = Math.ceil(perTask / 2);
  }
  return perTask;
}
