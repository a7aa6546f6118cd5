/** @file The native engine: matrix products and convolutions in C, where the library was built. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Heap, Pointer } from "../core/heap.ts";
import type { NativePlace } from "./workers.ts";

/** The exports of native/addon.c; the first parameter is what `open` returned. */
interface Addon {
  open(
    heap: Uint8Array,
    threads: number,
    instructionSet: string,
    control: Pointer,
    rouse: () => void,
  ): object | undefined;
  idOf(engine: object): number;
  stop(engine: object): void;
  nameOf(engine: object): string;
  gemm(
    engine: object,
    transA: number,
    transB: number,
    M: number,
    N: number,
    K: number,
    alpha: number,
    a: Pointer,
    b: Pointer,
    adds: number,
    c: Pointer,
  ): void;
  products(
    engine: object,
    items: number,
    transB: number,
    M: number,
    N: number,
    K: number,
    a: Pointer,
    aStep: number,
    b: Pointer,
    bStep: number,
    adds: number,
    c: Pointer,
    cStep: number,
  ): void;
  prepare(engine: object, geometry: Pointer): boolean;
  correlate(
    engine: object,
    geometry: Pointer,
    image: Pointer,
    weight: Pointer,
    bias: Pointer,
    out: Pointer,
  ): void;
  scatter(
    engine: object,
    geometry: Pointer,
    out: Pointer,
    weight: Pointer,
    bias: Pointer,
    image: Pointer,
  ): void;
  weightGradient(
    engine: object,
    geometry: Pointer,
    image: Pointer,
    out: Pointer,
    weightDiff: Pointer,
    adds: number,
  ): void;
}

/** Instruction sets that native/kernels.c is compiled for. */
export type InstructionSet = "AVX-512" | "AVX2" | "NEON" | "baseline";

/** The threads that do the work: those of the WebAssembly kernels. */
export interface Team {
  readonly threads: number;
  /** Their control block. */
  readonly control: Pointer;
  /** Starts or wakes them. It must not refer to the native engine, which refers to it. */
  rouse(): void;
}

/** An engine in C on one heap. */
export class NativeEngine {
  readonly #addon: Addon;
  readonly #engine: object;

  private constructor(addon: Addon, engine: object) {
    this.#addon = addon;
    this.#engine = engine;
  }

  /**
   * Opens an engine, if the library is there.
   * @param instructionSet default: the best one of this machine
   */
  static open(
    heap: Heap,
    { threads, control, rouse }: Team,
    instructionSet: InstructionSet | "" = "",
  ): NativeEngine | undefined {
    const addon = loadAddon();
    const bytes = new Uint8Array(heap.memory.buffer);
    const engine = addon?.open(bytes, threads, instructionSet, control, rouse);
    return addon && engine ? new NativeEngine(addon, engine) : undefined;
  }

  /** Where other threads find it. */
  get place(): NativePlace {
    return { path: libraryPath()!, id: this.#addon.idOf(this.#engine) };
  }

  /** The instruction set that runs. */
  get instructionSet(): string {
    return this.#addon.nameOf(this.#engine);
  }

  /** C = alpha op(A) op(B) + (adds ? C : 0), as `Engine.gemm`; no size is 0. */
  gemm(
    transA: boolean,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    alpha: number,
    a: Pointer,
    b: Pointer,
    adds: boolean,
    c: Pointer,
  ): void {
    this.#addon.gemm(
      this.#engine,
      Number(transA),
      Number(transB),
      M,
      N,
      K,
      alpha,
      a,
      b,
      Number(adds),
      c,
    );
  }

  /** Many products of one shape, as `Runtime.products`. */
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
    this.#addon.products(
      this.#engine,
      items,
      Number(transB),
      M,
      N,
      K,
      a,
      aStep,
      b,
      bStep,
      Number(adds),
      c,
      cStep,
    );
  }

  /** Reserves memory for a convolution; false where the WebAssembly kernels suit its shape better. */
  prepare(geometry: Pointer): boolean {
    return this.#addon.prepare(this.#engine, geometry);
  }

  correlate(geometry: Pointer, image: Pointer, weight: Pointer, bias: Pointer, out: Pointer): void {
    this.#addon.correlate(this.#engine, geometry, image, weight, bias, out);
  }

  scatter(geometry: Pointer, out: Pointer, weight: Pointer, bias: Pointer, image: Pointer): void {
    this.#addon.scatter(this.#engine, geometry, out, weight, bias, image);
  }

  weightGradient(
    geometry: Pointer,
    image: Pointer,
    out: Pointer,
    weightDiff: Pointer,
    adds: boolean,
  ): void {
    this.#addon.weightGradient(this.#engine, geometry, image, out, weightDiff, Number(adds));
  }

  /** What is called afterwards runs on the caller's thread alone. */
  dispose(): void {
    this.#addon.stop(this.#engine);
  }
}

/** From the sources and from dist/src alike, the package's own folder lies some levels up. */
function libraryPath(): string | undefined {
  const name = `${process.platform}-${process.arch}.node`;
  return [`../../dist/native/${name}`, `../../native/${name}`]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
}

let loaded: { addon: Addon | undefined; problem: string } | undefined;

function loadAddon(): Addon | undefined {
  loaded ??= tryToLoad();
  return loaded.addon;
}

function tryToLoad(): NonNullable<typeof loaded> {
  const path = libraryPath();
  if (!path) {
    return { addon: undefined, problem: "not built: run `npm rebuild cortado` with a C compiler" };
  }
  try {
    return { addon: createRequire(import.meta.url)(path) as Addon, problem: "" };
  } catch (error) {
    return { addon: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Why there is no native engine here; "" where there is one. */
export function nativeProblem(): string {
  loaded ??= tryToLoad();
  return loaded.problem;
}
