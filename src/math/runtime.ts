/** @file What the parts of the engine share: the kernels, their memory and their threads. */
import os from "node:os";
import type { Heap, Pointer } from "../core/heap.ts";
import { CaffeError } from "../errors.ts";
import { type KernelBuild, type Kernels, kernelModule } from "./kernels.ts";
import { type InstructionSet, NativeEngine, type Team, nativeProblem } from "./native.ts";
import { Workers } from "./workers.ts";

const CONTROL_BYTES = 1024;
const MAX_THREADS = 16;

/** What computes matrix products and convolutions: C, where it could be built, or WebAssembly. */
export type EngineName = "native" | "wasm";

export interface EngineOptions {
  /** Default: what the variable CORTADO_ENGINE says, else "native" where it was built. */
  readonly engine?: EngineName | undefined;
  /** Threads that share the work, the calling one included; default: one a core, at most 16. */
  readonly threads?: number | undefined;
  /** Default: the faster one that runs here. */
  readonly build?: KernelBuild | undefined;
  /** Of the native engine; default: the best one of this machine. */
  readonly instructionSet?: InstructionSet | undefined;
}

/** An instance of the kernels with a control block, scratch memory and worker threads of its own. */
export class Runtime {
  readonly heap: Heap;
  readonly threads: number;
  readonly kernels: Kernels;
  /** The block through which the threads talk (kernels/threads.ts). */
  readonly control: Pointer;
  /** Memory that all threads share for packed operands (kernels/memory.ts). */
  readonly packed: Pointer;
  /** Matrix products and convolutions in C, if that engine was chosen. */
  readonly native: NativeEngine | undefined;
  readonly #workers: Workers;
  #threadScratch: Pointer = 0;
  #threadBytes = 0;
  #sharedScratch: Pointer = 0;
  #sharedBytes = 0;

  constructor(heap: Heap, options: EngineOptions) {
    this.heap = heap;
    this.threads = checkThreads(
      options.threads ?? Math.min(MAX_THREADS, os.availableParallelism()),
    );
    const module = kernelModule(options.build);
    const workers = new Workers(module, heap.memory, this.threads);
    const instance = new WebAssembly.Instance(module, {
      env: { memory: heap.memory },
      threads: { startWorkers: () => workers.start(), helpNative() {} },
    });
    const kernels = instance.exports as Kernels;
    const control = heap.allocate(CONTROL_BYTES);
    workers.control = control;
    this.#workers = workers;
    this.kernels = kernels;
    this.control = control;
    this.packed = heap.allocate(kernels.packBytes());
    const team = { threads: this.threads, control, rouse: () => kernels.rouse(control) };
    this.native = openNative(heap, team, options);
    workers.native = this.native?.place;
    this.reserve(0, 0);
  }

  /** Memory that all threads share within one operation, as large as was reserved. */
  get sharedScratch(): Pointer {
    return this.#sharedScratch;
  }

  /** Makes scratch memory at least this large. It never shrinks, and no operation may be running. */
  reserve(threadBytes: number, sharedBytes: number): void {
    const needed = roundUp(this.kernels.commonScratchBytes() + threadBytes);
    if (needed > this.#threadBytes) {
      this.#threadScratch = this.#replace(this.#threadScratch, needed * this.threads);
      this.#threadBytes = needed;
      this.kernels.configure(this.control, this.threads, this.#threadScratch, needed);
    }
    if (sharedBytes > this.#sharedBytes) {
      this.#sharedScratch = this.#replace(this.#sharedScratch, sharedBytes);
      this.#sharedBytes = sharedBytes;
    }
  }

  /** Allocates first: where that fails, the old memory is still there for what uses it. */
  #replace(old: Pointer, bytes: number): Pointer {
    const replacement = this.heap.allocate(bytes);
    if (old) this.heap.free(old);
    return replacement;
  }

  /** C = alpha op(A) op(B) + beta C, as `Engine.gemm`. */
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
  ): void {
    const isPlain = M > 0 && N > 0 && K > 0 && alpha !== 0 && (beta === 0 || beta === 1);
    if (this.native && isPlain) {
      this.native.gemm(transA, transB, M, N, K, alpha, a, b, beta === 1, c);
      return;
    }
    const { gemm } = this.kernels;
    gemm(this.control, this.packed, transA, transB, M, N, K, alpha, a, b, beta, c);
  }

  /**
   * C = A op(B) + (adds ? C : 0) for each of `items` products of one shape; A is M x K, row-major, and no
   * size is 0. The steps from product to product are in bytes.
   */
  products(
    items: number,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    a: Pointer,
    aStep: number,
    b: Pointer,
    bStep: number,
    adds: boolean,
    c: Pointer,
    cStep: number,
  ): void {
    const { native, kernels, control } = this;
    if (native) native.products(items, transB, M, N, K, a, aStep, b, bStep, adds, c, cStep);
    else {
      const { planeProducts } = kernels;
      planeProducts(control, items, transB, M, N, K, a, aStep, b, bStep, c, cStep, adds);
    }
  }

  /** Ends the worker threads. */
  dispose(): void {
    this.native?.dispose();
    this.kernels.stop(this.control);
    this.#workers.terminate();
  }
}

const roundUp = (bytes: number) => Math.ceil(bytes / 4096) * 4096;

function checkThreads(threads: number): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= 64) return threads;
  throw new CaffeError("threads", `threads must be a whole number from 1 to 64, not ${threads}`);
}

function openNative(
  heap: Heap,
  team: Team,
  { engine = engineOfEnvironment(), instructionSet }: EngineOptions,
): NativeEngine | undefined {
  if (engine === "wasm") return undefined;
  const native = NativeEngine.open(heap, team, instructionSet);
  if (native || engine !== "native") return native;
  throw new CaffeError("engine", `there is no native engine: ${nativeProblem()}; use "wasm"`);
}

function engineOfEnvironment(): EngineName | undefined {
  const name = process.env["CORTADO_ENGINE"];
  if (!name) return undefined;
  if (name === "native" || name === "wasm") return name;
  throw new CaffeError("engine", `CORTADO_ENGINE is "native" or "wasm", not "${name}"`);
}
