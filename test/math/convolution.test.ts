import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { ConvolutionShape, Engine } from "../../src/core/engine.ts";
import { Heap } from "../../src/core/heap.ts";
import { count } from "../../src/core/shape.ts";
import { createEngine } from "../../src/math/index.ts";
import { type Operands, convolutionReference } from "../support/convolution-reference.ts";
import { engines } from "../support/engines.ts";
import { expectSameBits } from "../support/same-bits.ts";

const heap = new Heap();

function numbers(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(seed * (i + 1) + 0.1 * seed * i * i));
}

const known = new Map<ConvolutionShape, Operands>();

/** The three sides of a convolution with values, and a bias for either end; made once for all engines. */
function operands(shape: ConvolutionShape): Operands {
  const made = known.get(shape) ?? makeOperands(shape);
  known.set(shape, made);
  return made;
}

function makeOperands({
  images,
  groups,
  imageChannels,
  outChannels,
  image,
  out,
  kernel,
}: ConvolutionShape) {
  return {
    image: numbers(images * imageChannels * count(image), 1),
    out: numbers(images * outChannels * count(out), 2),
    weight: numbers(outChannels * (imageChannels / groups) * count(kernel), 3),
    imageBias: numbers(imageChannels, 4),
    outBias: numbers(outChannels, 5),
  };
}

/** Runs all three operations; what they overwrite held NaN before. */
function run(e: Engine, shape: ConvolutionShape) {
  const plan = e.planConvolution(shape);
  const pointers: number[] = [];
  const place = (values: Float32Array) => {
    const pointer = heap.allocate(4 * values.length);
    heap.floats(pointer, values.length).set(values);
    pointers.push(pointer);
    return pointer;
  };
  const values = operands(shape);
  const [image, out, weight] = [place(values.image), place(values.out), place(values.weight)];
  const empty = (like: Float32Array) => place(new Float32Array(like.length).fill(Number.NaN));
  const result = {
    image: empty(values.image),
    out: empty(values.out),
    weight: place(values.weight),
  };
  plan.correlate(image, weight, place(values.outBias), result.out);
  plan.scatter(out, weight, place(values.imageBias), result.image);
  plan.weightGradient(image, out, result.weight, true);
  const results = {
    out: heap.floats(result.out, values.out.length).slice(),
    image: heap.floats(result.image, values.image.length).slice(),
    weight: heap.floats(result.weight, values.weight.length).slice(),
  };
  plan.dispose();
  for (const pointer of pointers) heap.free(pointer);
  return results;
}

/** Values that are looked at on each side of a large convolution. */
const SAMPLES = 300;
/** How much more coarsely Winograd's sums of sums round than plain sums. */
const COARSER = 8;

/** All indices below `length`, or so many of them, the first and the last included. */
function samplesOf(length: number, isLarge: boolean): number[] {
  if (!isLarge || length <= SAMPLES) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: SAMPLES }, (_, i) => Math.round((i * (length - 1)) / (SAMPLES - 1)));
}

/** The errors of float32 sums of n terms are at most n halves of a unit of the last place of their sizes. */
function compare(engine: Engine, shape: ConvolutionShape, isLarge = false): void {
  const actual = run(engine, shape);
  const exact = convolutionReference(shape, operands(shape));
  for (const side of ["out", "image", "weight"] as const) {
    const wrong = samplesOf(actual[side].length, isLarge).filter((index) => {
      const { value, size, terms } = exact[side](index);
      const bound = COARSER * 2 ** -24 * Math.sqrt(terms + 3) * size;
      return !(Math.abs(actual[side][index]! - value) <= bound);
    });
    const told = wrong.slice(0, 3).map((index) => {
      return `${side}[${index}] is ${actual[side][index]}, exactly ${exact[side](index).value}`;
    });
    expect(told).toEqual([]);
  }
}

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
}

interface Sizes {
  readonly images: number;
  readonly groups: number;
  readonly imageChannels: number;
  readonly outChannels: number;
}

/** A convolution of these axes, or where it is transposed the one with axes.size on the out side. */
function shapeOf(sizes: Sizes, axes: readonly Axis[], isTransposed = false): ConvolutionShape {
  const reach = ({ kernel, dilation }: Axis) => dilation * (kernel - 1) + 1;
  const own = axes.map(({ size }) => size);
  const other = axes.map((axis) =>
    isTransposed
      ? axis.stride * (axis.size - 1) + reach(axis) - 2 * axis.pad
      : Math.trunc((axis.size + 2 * axis.pad - reach(axis)) / axis.stride) + 1,
  );
  return {
    ...sizes,
    image: isTransposed ? other : own,
    out: isTransposed ? own : other,
    kernel: axes.map(({ kernel }) => kernel),
    stride: axes.map(({ stride }) => stride),
    pad: axes.map(({ pad }) => pad),
    dilation: axes.map(({ dilation }) => dilation),
  };
}

const axis = (size: number, kernel: number, stride = 1, pad = 0, dilation = 1): Axis => ({
  size,
  kernel,
  stride,
  pad,
  dilation,
});

/** One channel a group: rows around the four values of a vector, strides that have and lack one. */
const depthwise = Object.fromEntries(
  [3, 4, 5, 7, 9, 16, 19].flatMap((size) =>
    [1, 2, 3].map((stride) => [
      `channels on their own, ${size} wide, stride ${stride}`,
      shapeOf({ images: 2, groups: 33, imageChannels: 33, outChannels: 33 }, [
        axis(size, 3, stride, 1),
        axis(size, 3, stride, 1),
      ]),
    ]),
  ),
);

const large: Readonly<Record<string, ConvolutionShape>> = {
  "channels on their own, dilated, with two filters each": shapeOf(
    { images: 1, groups: 40, imageChannels: 40, outChannels: 80 },
    [axis(24, 5, 1, 4, 2), axis(23, 3, 2, 1)],
  ),
  "channels on their own, in a volume": shapeOf(
    { images: 2, groups: 20, imageChannels: 20, outChannels: 20 },
    [axis(5, 2, 1, 1), axis(6, 3), axis(9, 4, 1, 2)],
  ),
  "channels on their own, more padding than a mirrored kernel has": shapeOf(
    { images: 1, groups: 30, imageChannels: 30, outChannels: 30 },
    [axis(9, 3, 1, 3), axis(10, 3, 1, 4)],
  ),
  "a packed operand that takes several parts": shapeOf(
    { images: 1, groups: 1, imageChannels: 64, outChannels: 2 },
    [axis(66, 3), axis(65, 3, 1, 1)],
  ),
  "an out side that takes several parts": shapeOf(
    { images: 1, groups: 1, imageChannels: 1, outChannels: 512 },
    [axis(68, 2, 1, 1), axis(64, 1)],
  ),
  "a first layer: few channels, large kernel, stride": shapeOf(
    { images: 1, groups: 1, imageChannels: 3, outChannels: 20 },
    [axis(60, 11, 4, 5), axis(64, 11, 4, 5)],
  ),
  "a fully connected layer as a convolution": shapeOf(
    { images: 1, groups: 1, imageChannels: 33, outChannels: 40 },
    [axis(14, 6), axis(14, 6)],
  ),
  "a batch whose images are worked on together": shapeOf(
    { images: 9, groups: 2, imageChannels: 6, outChannels: 30 },
    [axis(12, 3, 1, 1), axis(11, 5)],
  ),
  "long sums in a small gradient": shapeOf(
    { images: 3, groups: 1, imageChannels: 2, outChannels: 6 },
    [axis(40, 3, 1, 1), axis(41, 3, 1, 1)],
  ),
  "more weights than a whole copy is worth": shapeOf(
    { images: 2, groups: 1, imageChannels: 300, outChannels: 310 },
    [axis(4, 4), axis(4, 3)],
  ),
  ...depthwise,
  "3 x 3 taps over many channels": shapeOf(
    { images: 2, groups: 1, imageChannels: 49, outChannels: 53 },
    [axis(13, 3, 1, 1), axis(19, 3, 1, 1)],
  ),
  "3 x 3 taps over many channels and pixels": shapeOf(
    { images: 1, groups: 1, imageChannels: 48, outChannels: 50 },
    [axis(45, 3, 1, 1), axis(48, 3)],
  ),
  "3 x 3 taps over many channels, more padding than the kernel needs": shapeOf(
    { images: 1, groups: 1, imageChannels: 64, outChannels: 48 },
    [axis(19, 3, 1, 2), axis(12, 3)],
  ),
  "3 x 3 taps over many channels, in groups, of images that take several parts": shapeOf(
    { images: 25, groups: 2, imageChannels: 100, outChannels: 96 },
    [axis(27, 3, 1, 1), axis(13, 3, 1, 1)],
  ),
  "3 x 3 taps over many channels, images narrower than four tiles": shapeOf(
    { images: 60, groups: 1, imageChannels: 48, outChannels: 48 },
    [axis(9, 3, 1, 1), axis(5, 3, 1, 1)],
  ),
  "3 x 3 taps over few channels and many pixels": shapeOf(
    { images: 2, groups: 1, imageChannels: 9, outChannels: 8 },
    [axis(41, 3, 1, 1), axis(39, 3, 1, 1)],
  ),
  "5 x 5 taps over many channels": shapeOf(
    { images: 2, groups: 1, imageChannels: 49, outChannels: 53 },
    [axis(13, 5, 1, 2), axis(19, 5, 1, 2)],
  ),
  "5 x 5 taps over many channels, unpadded on one side, padded to the most on the other": shapeOf(
    { images: 1, groups: 1, imageChannels: 64, outChannels: 48 },
    [axis(20, 5), axis(11, 5, 1, 4)],
  ),
  "5 x 5 taps over many channels, in groups, of images that take several parts": shapeOf(
    { images: 25, groups: 2, imageChannels: 100, outChannels: 96 },
    [axis(26, 5, 1, 2), axis(13, 5, 1, 1)],
  ),
  "5 x 5 taps over many channels, images narrower than four tiles": shapeOf(
    { images: 60, groups: 1, imageChannels: 48, outChannels: 48 },
    [axis(9, 5, 1, 2), axis(3, 5, 1, 2)],
  ),
  "many small images": shapeOf({ images: 37, groups: 1, imageChannels: 5, outChannels: 13 }, [
    axis(12, 5),
    axis(11, 5, 2),
  ]),
  "many small images, in groups, padded": shapeOf(
    { images: 17, groups: 2, imageChannels: 6, outChannels: 262 },
    [axis(7, 3, 1, 1), axis(9, 3, 2, 2)],
  ),
  "many small images, more image channels than a task of its own takes": shapeOf(
    { images: 16, groups: 1, imageChannels: 150, outChannels: 7 },
    [axis(5, 3, 1, 1, 2), axis(6, 2)],
  ),
  "many small images, one tap": shapeOf(
    { images: 50, groups: 1, imageChannels: 30, outChannels: 20 },
    [axis(5, 1), axis(7, 1)],
  ),
  "many small volumes": shapeOf({ images: 20, groups: 1, imageChannels: 3, outChannels: 4 }, [
    axis(4, 2, 1, 1),
    axis(5, 3, 2, 1),
    axis(6, 2),
  ]),
  "upsampling, one class a group": shapeOf(
    { images: 1, groups: 3, imageChannels: 3, outChannels: 3 },
    [axis(5, 63, 32), axis(4, 63, 32, 3)],
    true,
  ),
  "upsampling between all classes": shapeOf(
    { images: 1, groups: 1, imageChannels: 5, outChannels: 5 },
    [axis(9, 16, 8), axis(8, 16, 8)],
    true,
  ),
};

describe.each(engines)("a planned convolution (%s)", (_engine, options) => {
  const engine = createEngine(heap, { ...options, threads: 1 });
  const threaded = createEngine(heap, { ...options, threads: 3 });
  afterAll(() => {
    engine.dispose();
    threaded.dispose();
  });

  test("equals the definition for any axes, groups, strides, pads and dilations", () => {
    const small = (max: number, min = 1) => fc.integer({ min, max });
    const axes = fc.array(
      fc.record({
        size: small(9),
        kernel: small(4),
        stride: small(3),
        pad: small(3, 0),
        dilation: small(2),
      }),
      { maxLength: 3 },
    );
    const sizes = fc
      .record({ images: small(2), groups: small(3), channels: small(5), outs: small(9) })
      .map(({ images, groups, channels, outs }) => ({
        images,
        groups,
        imageChannels: groups * channels,
        outChannels: groups * outs,
      }));
    const isPossible = ({ image, out }: ConvolutionShape) => [...image, ...out].every((n) => n > 0);
    fc.assert(
      fc.property(sizes, axes, fc.boolean(), (channels, spatial, isTransposed) => {
        const shape = shapeOf(channels, spatial, isTransposed);
        fc.pre(isPossible(shape));
        compare(engine, shape);
      }),
      { numRuns: 150 },
    );
  });

  test.each(Object.entries(large))("equals the definition for %s", (_name, shape) => {
    compare(engine, shape, true);
  });

  test.each(Object.entries(large))("has the same bits with 3 threads for %s", (_name, shape) => {
    const [one, three] = [run(engine, shape), run(threaded, shape)];
    for (const side of ["out", "image", "weight"] as const) {
      expectSameBits(three[side], one[side], side);
    }
  });
});
