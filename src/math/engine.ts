/** @file The CPU engine: the contract of `core/engine.ts` over the WebAssembly kernels. */
import type {
  ConvolutionPlan,
  ConvolutionShape,
  Engine,
  Normalisation,
  PoolingWindow,
  SgdStep,
} from "../core/engine.ts";
import type { Heap, Pointer } from "../core/heap.ts";
import { planConvolution } from "./convolution.ts";
import type { Kernels } from "./kernels.ts";
import { type EngineOptions, Runtime } from "./runtime.ts";

/**
 * An engine over the heap. Worker threads start with the first job that is large enough, and do not
 * keep the process alive.
 * @throws CaffeError for a number of threads that is not from 1 to 64
 */
export function createEngine(heap: Heap, options: EngineOptions = {}): Engine {
  return new CpuEngine(new Runtime(heap, options));
}

class CpuEngine implements Engine {
  readonly heap: Heap;
  readonly threads: number;
  readonly instructionSet: string;
  readonly gemm: Engine["gemm"];
  readonly #runtime: Runtime;
  readonly #kernels: Kernels;
  readonly #control: Pointer;
  readonly #packed: Pointer;

  constructor(runtime: Runtime) {
    this.heap = runtime.heap;
    this.threads = runtime.threads;
    this.instructionSet = runtime.native?.instructionSet ?? "WebAssembly";
    this.gemm = runtime.gemm.bind(runtime);
    this.#runtime = runtime;
    this.#kernels = runtime.kernels;
    this.#control = runtime.control;
    this.#packed = runtime.packed;
  }

  copy(n: number, x: Pointer, y: Pointer): void {
    this.#kernels.copy(this.#control, n, x, y);
  }

  fill(n: number, value: number, y: Pointer): void {
    this.#kernels.fill(this.#control, n, value, y);
  }

  axpby(n: number, alpha: number, x: Pointer, beta: number, y: Pointer): void {
    this.#kernels.axpby(this.#control, n, alpha, x, beta, y);
  }

  add(n: number, x: Pointer, y: Pointer, z: Pointer): void {
    this.#kernels.add(this.#control, n, x, y, z);
  }

  mul(n: number, x: Pointer, y: Pointer, z: Pointer): void {
    this.#kernels.mul(this.#control, n, x, y, z);
  }

  dot(n: number, x: Pointer, y: Pointer): number {
    return this.#kernels.dot(this.#control, n, x, y, this.#packed);
  }

  relu(n: number, slope: number, x: Pointer, y: Pointer): void {
    this.#kernels.relu(this.#control, n, slope, x, y);
  }

  reluGradient(n: number, slope: number, x: Pointer, dy: Pointer, dx: Pointer): void {
    this.#kernels.reluGradient(this.#control, n, slope, x, dy, dx);
  }

  addBias(outer: number, channels: number, inner: number, bias: Pointer, y: Pointer): void {
    this.#kernels.addBias(this.#control, outer, channels, inner, bias, y);
  }

  biasGradient(outer: number, channels: number, inner: number, dy: Pointer, dbias: Pointer): void {
    this.#kernels.biasGradient(this.#control, outer, channels, inner, dy, dbias);
  }

  sgdStep(step: SgdStep): void {
    const { count, data, diff, history, rate, momentum, decay, scale } = step;
    const { sgdStep } = this.#kernels;
    sgdStep(this.#control, count, data, diff, history, rate, momentum, decay, scale);
  }

  softmaxPlanes(
    outer: number,
    channels: number,
    inner: number,
    width: number,
    x: Pointer,
    y: Pointer,
  ): void {
    this.#kernels.softmaxPlanes(this.#control, outer, channels, inner, width, x, y);
  }

  planConvolution(shape: ConvolutionShape): ConvolutionPlan {
    return planConvolution(this.#runtime, shape);
  }

  maxPool(window: PoolingWindow, x: Pointer, y: Pointer, mask: Pointer): void {
    this.#setWindow(window);
    this.#kernels.maxPool(this.#control, x, y, mask);
  }

  maxPoolGradient(window: PoolingWindow, dy: Pointer, mask: Pointer, dx: Pointer): void {
    this.#setWindow(window);
    this.#kernels.maxPoolGradient(this.#control, dy, mask, dx);
  }

  averagePool(window: PoolingWindow, x: Pointer, y: Pointer): void {
    this.#setWindow(window);
    this.#kernels.averagePool(this.#control, x, y);
  }

  averagePoolGradient(window: PoolingWindow, dy: Pointer, dx: Pointer): void {
    this.#setWindow(window);
    this.#kernels.averagePoolGradient(this.#control, dy, dx);
  }

  lrnAcross(shape: Normalisation, x: Pointer, scale: Pointer, y: Pointer): void {
    this.#setNormalisation(shape);
    this.#kernels.lrnAcross(this.#control, x, scale, y);
  }

  lrnAcrossGradient(
    shape: Normalisation,
    x: Pointer,
    scale: Pointer,
    y: Pointer,
    dy: Pointer,
    dx: Pointer,
  ): void {
    this.#setNormalisation(shape);
    this.#kernels.lrnAcrossGradient(this.#control, x, scale, y, dy, dx);
  }

  lrnWithin(shape: Normalisation, x: Pointer, scale: Pointer, y: Pointer): void {
    this.#setNormalisation(shape);
    this.#kernels.lrnWithin(this.#control, x, scale, y);
  }

  lrnWithinGradient(
    shape: Normalisation,
    x: Pointer,
    scale: Pointer,
    dy: Pointer,
    dx: Pointer,
    work: Pointer,
  ): void {
    this.#setNormalisation(shape);
    this.#kernels.lrnWithinGradient(this.#control, x, scale, dy, dx, work);
  }

  dispose(): void {
    this.#runtime.dispose();
  }

  #setWindow(window: PoolingWindow): void {
    const { planes, height, width, pooledHeight, pooledWidth } = window;
    const { kernelH, kernelW, strideH, strideW, padH, padW } = window;
    this.#kernels.setPoolingWindow(
      this.#control,
      planes,
      height,
      width,
      pooledHeight,
      pooledWidth,
      kernelH,
      kernelW,
      strideH,
      strideW,
      padH,
      padW,
    );
  }

  #setNormalisation(shape: Normalisation): void {
    const { images, channels, height, width, size, alpha, beta, k } = shape;
    const { setNormalisation } = this.#kernels;
    setNormalisation(this.#control, images, channels, height, width, size, alpha, beta, k);
  }
}
