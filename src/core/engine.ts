/** @file The arithmetic that layers may ask for; `math/` implements it on the heap with threads. */
import type { Heap, Pointer } from "./heap.ts";
import type { Shape } from "./shape.ts";

/** One fused SGD step over a parameter: momentum, L2 decay and the write, in one pass over memory. */
export interface SgdStep {
  readonly count: number;
  readonly data: Pointer;
  readonly diff: Pointer;
  readonly history: Pointer;
  /** Learning rate times lr_mult. */
  readonly rate: number;
  readonly momentum: number;
  /** weight_decay times decay_mult. */
  readonly decay: number;
  /** What the diff is multiplied with first: clipping and 1 / iter_size. */
  readonly scale: number;
}

/**
 * The shape of a convolution: an image side and an out side, each of `images` items, with one number
 * for each spatial axis. Output channel m of a group sees the image channels of that group.
 */
export interface ConvolutionShape {
  readonly images: number;
  readonly groups: number;
  readonly imageChannels: number;
  readonly outChannels: number;
  /** Sizes of the image and of the out side. */
  readonly image: Shape;
  readonly out: Shape;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly pad: readonly number[];
  readonly dilation: readonly number[];
}

/**
 * A convolution ready to run. Weights are [outChannels, imageChannels / groups, kernel...]; biases may
 * be 0 for none. A Convolution layer correlates forward and scatters backward, a Deconvolution layer
 * the other way round.
 */
export interface ConvolutionPlan {
  /** out = bias + weight * image; bias has one value an out channel. */
  correlate(image: Pointer, weight: Pointer, bias: Pointer, out: Pointer): void;
  /** image = bias + what the transposed convolution makes of out; bias has one value an image channel. */
  scatter(out: Pointer, weight: Pointer, bias: Pointer, image: Pointer): void;
  /** weightDiff = the gradient + (adds ? weightDiff : 0), where one side holds values and the other diffs. */
  weightGradient(image: Pointer, out: Pointer, weightDiff: Pointer, adds: boolean): void;
  /** Frees the plan's tables. */
  dispose(): void;
}

/** Pooling windows over `planes` planes of height x width: one plane a channel of an image. */
export interface PoolingWindow {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly pooledHeight: number;
  readonly pooledWidth: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

/** Local response normalisation of blobs of one shape. */
export interface Normalisation {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channels, or values a side, of a window. */
  readonly size: number;
  /** What the sum of squares is multiplied with. */
  readonly alpha: number;
  readonly beta: number;
  /** What is added to it; 1 within channels. */
  readonly k: number;
}

/**
 * Kernels over the heap. Addresses come from `blob.dataPointer` / `diffPointer`; counts are in floats.
 * Every result is the same for any number of threads.
 */
export interface Engine {
  readonly heap: Heap;
  readonly threads: number;
  /** What matrix products run on, such as "AVX-512" or "WebAssembly". */
  readonly instructionSet: string;

  /** C = alpha op(A) op(B) + beta C; row-major; op(A) is M x K, op(B) is K x N, C is M x N. With beta 0, C is not read. */
  gemm(
    transA: boolean,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    alpha: number,
    a: Pointer,
    b: Pointer,
    beta: number,
    c: Pointer,
  ): void;

  copy(n: number, x: Pointer, y: Pointer): void;
  fill(n: number, value: number, y: Pointer): void;
  /** y = alpha x + beta y */
  axpby(n: number, alpha: number, x: Pointer, beta: number, y: Pointer): void;
  /** z = x + y, element by element; z may be x or y. */
  add(n: number, x: Pointer, y: Pointer, z: Pointer): void;
  /** z = x * y, element by element; z may be x or y. */
  mul(n: number, x: Pointer, y: Pointer, z: Pointer): void;
  /** Sum of x * y, in float64 over fixed blocks. */
  dot(n: number, x: Pointer, y: Pointer): number;
  /** y = max(x, 0) + slope min(x, 0); y may be x. */
  relu(n: number, slope: number, x: Pointer, y: Pointer): void;
  /** dx = dy where x > 0, else slope dy; dx may be dy. */
  reluGradient(n: number, slope: number, x: Pointer, dy: Pointer, dx: Pointer): void;
  /** y[o, c, i] += bias[c] */
  addBias(outer: number, channels: number, inner: number, bias: Pointer, y: Pointer): void;
  /** dbias[c] += sum over o and i of dy[o, c, i] */
  biasGradient(outer: number, channels: number, inner: number, dy: Pointer, dbias: Pointer): void;
  /** diff = scale diff + decay data; history = rate diff + momentum history; data -= history; diff = history. */
  sgdStep(step: SgdStep): void;

  /**
   * y[o, c, i] = the softmax over c of x[o, c, i], for the first `width` of `inner` positions, a multiple
   * of four; y may be x.
   */
  softmaxPlanes(
    outer: number,
    channels: number,
    inner: number,
    width: number,
    x: Pointer,
    y: Pointer,
  ): void;

  /** Prepares a convolution; called when shapes are set. */
  planConvolution(shape: ConvolutionShape): ConvolutionPlan;

  /** y = largest value of each window; mask = int32 index h width + w in its plane, -1 if empty. */
  maxPool(window: PoolingWindow, x: Pointer, y: Pointer, mask: Pointer): void;
  maxPoolGradient(window: PoolingWindow, dy: Pointer, mask: Pointer, dx: Pointer): void;
  /** y = sum of each window over its area, padding included. */
  averagePool(window: PoolingWindow, x: Pointer, y: Pointer): void;
  averagePoolGradient(window: PoolingWindow, dy: Pointer, dx: Pointer): void;

  /** scale = k + alpha sum of x^2 over neighbouring channels; y = x scale^-beta. */
  lrnAcross(shape: Normalisation, x: Pointer, scale: Pointer, y: Pointer): void;
  lrnAcrossGradient(
    shape: Normalisation,
    x: Pointer,
    scale: Pointer,
    y: Pointer,
    dy: Pointer,
    dx: Pointer,
  ): void;
  /** scale = 1 + alpha sum of x^2 over the window around a value; y = x scale^-beta. */
  lrnWithin(shape: Normalisation, x: Pointer, scale: Pointer, y: Pointer): void;
  /** @param work memory of x's size that nobody else uses */
  lrnWithinGradient(
    shape: Normalisation,
    x: Pointer,
    scale: Pointer,
    dy: Pointer,
    dx: Pointer,
    work: Pointer,
  ): void;

  /** Stops the worker threads. */
  dispose(): void;
}
