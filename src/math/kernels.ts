/** @file The compiled kernels: what they export, and the build that this Node can run. */
import v8 from "node:v8";
import type { Pointer } from "../core/heap.ts";
import { relaxedKernels, simdKernels } from "./generated/kernels.ts";

/** Which of the two builds runs; relaxed SIMD has a fused multiply-add, so the last bits differ. */
export type KernelBuild = "simd" | "relaxed";

/**
 * The exports of kernels/index.ts. The first parameter is the control block (kernels/threads.ts);
 * `packed` is the buffer for packed operands. The rest is as in `core/engine.ts`.
 */
export type Kernels = {
  configure(control: Pointer, threads: number, scratch: Pointer, scratchBytes: number): void;
  rouse(control: Pointer): void;
  stop(control: Pointer): void;
  commonScratchBytes(): number;
  packBytes(): number;
  gemm(
    control: Pointer,
    packed: Pointer,
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
  correlate(
    control: Pointer,
    packed: Pointer,
    geometry: Pointer,
    shared: Pointer,
    image: Pointer,
    weight: Pointer,
    bias: Pointer,
    out: Pointer,
  ): void;
  weightGradient(
    control: Pointer,
    packed: Pointer,
    geometry: Pointer,
    shared: Pointer,
    image: Pointer,
    out: Pointer,
    weightDiff: Pointer,
    adds: boolean,
  ): void;
  scatter(
    control: Pointer,
    packed: Pointer,
    geometry: Pointer,
    out: Pointer,
    weight: Pointer,
    bias: Pointer,
    image: Pointer,
  ): void;
  scatterScratchBytes(): number;
  setPoolingWindow(
    control: Pointer,
    planes: number,
    height: number,
    width: number,
    pooledHeight: number,
    pooledWidth: number,
    kernelH: number,
    kernelW: number,
    strideH: number,
    strideW: number,
    padH: number,
    padW: number,
  ): void;
  maxPool(control: Pointer, x: Pointer, y: Pointer, mask: Pointer): void;
  maxPoolGradient(control: Pointer, dy: Pointer, mask: Pointer, dx: Pointer): void;
  averagePool(control: Pointer, x: Pointer, y: Pointer): void;
  averagePoolGradient(control: Pointer, dy: Pointer, dx: Pointer): void;
  setNormalisation(
    control: Pointer,
    images: number,
    channels: number,
    height: number,
    width: number,
    size: number,
    alpha: number,
    beta: number,
    k: number,
  ): void;
  lrnAcross(control: Pointer, x: Pointer, scale: Pointer, y: Pointer): void;
  lrnAcrossGradient(
    control: Pointer,
    x: Pointer,
    scale: Pointer,
    y: Pointer,
    dy: Pointer,
    dx: Pointer,
  ): void;
  lrnWithin(control: Pointer, x: Pointer, scale: Pointer, y: Pointer): void;
  lrnWithinGradient(
    control: Pointer,
    x: Pointer,
    scale: Pointer,
    dy: Pointer,
    dx: Pointer,
    work: Pointer,
  ): void;
  copy(control: Pointer, n: number, x: Pointer, y: Pointer): void;
  fill(control: Pointer, n: number, value: number, y: Pointer): void;
  axpby(control: Pointer, n: number, alpha: number, x: Pointer, beta: number, y: Pointer): void;
  add(control: Pointer, n: number, x: Pointer, y: Pointer, z: Pointer): void;
  mul(control: Pointer, n: number, x: Pointer, y: Pointer, z: Pointer): void;
  dot(control: Pointer, n: number, x: Pointer, y: Pointer, partial: Pointer): number;
  relu(control: Pointer, n: number, slope: number, x: Pointer, y: Pointer): void;
  reluGradient(
    control: Pointer,
    n: number,
    slope: number,
    x: Pointer,
    dy: Pointer,
    dx: Pointer,
  ): void;
  addBias(
    control: Pointer,
    outer: number,
    channels: number,
    inner: number,
    bias: Pointer,
    y: Pointer,
  ): void;
  biasGradient(
    control: Pointer,
    outer: number,
    channels: number,
    inner: number,
    dy: Pointer,
    dbias: Pointer,
  ): void;
  planeProducts(
    control: Pointer,
    planes: number,
    isBTransposed: boolean,
    M: number,
    N: number,
    K: number,
    a: Pointer,
    aStep: number,
    b: Pointer,
    bStep: number,
    c: Pointer,
    cStep: number,
    accumulate: boolean,
  ): void;
  winogradPlane(count: number): number;
  winogradImage(
    control: Pointer,
    size: number,
    image: Pointer,
    tiles: Pointer,
    channels: number,
    height: number,
    width: number,
    top: number,
    left: number,
    firstRow: number,
    rows: number,
    tilesAcross: number,
    images: number,
    imageStep: number,
  ): void;
  winogradResult(
    control: Pointer,
    size: number,
    tiles: Pointer,
    image: Pointer,
    channels: number,
    height: number,
    width: number,
    bias: Pointer,
    firstRow: number,
    rows: number,
    tilesAcross: number,
    images: number,
    imageStep: number,
  ): void;
  winogradResultDiff(
    control: Pointer,
    size: number,
    image: Pointer,
    tiles: Pointer,
    channels: number,
    height: number,
    width: number,
    firstRow: number,
    rows: number,
    tilesAcross: number,
    images: number,
    imageStep: number,
  ): void;
  winogradFilters(
    control: Pointer,
    taps: number,
    filters: Pointer,
    tiles: Pointer,
    rows: number,
    outChannels: number,
    channels: number,
    isTurned: boolean,
  ): void;
  winogradFilterDiff(
    control: Pointer,
    taps: number,
    tiles: Pointer,
    filters: Pointer,
    outChannels: number,
    channels: number,
    adds: boolean,
  ): void;
  softmaxPlanes(
    control: Pointer,
    outer: number,
    channels: number,
    inner: number,
    width: number,
    x: Pointer,
    y: Pointer,
  ): void;
  sgdStep(
    control: Pointer,
    n: number,
    data: Pointer,
    diff: Pointer,
    history: Pointer,
    rate: number,
    momentum: number,
    decay: number,
    scale: number,
  ): void;
};

const modules = new Map<KernelBuild, WebAssembly.Module>();

/**
 * The kernels, compiled when first asked for.
 * @param build default: the faster one that this Node can run
 * @throws WebAssembly.CompileError for "relaxed" on a Node without relaxed SIMD
 */
export function kernelModule(build?: KernelBuild): WebAssembly.Module {
  const choice = build ?? (hasRelaxedSimd() ? "relaxed" : "simd");
  let module = modules.get(choice);
  if (!module) {
    if (choice === "relaxed") hasRelaxedSimd();
    module = new WebAssembly.Module(bytesOf(choice));
    modules.set(choice, module);
  }
  return module;
}

const bytesOf = (build: KernelBuild) =>
  Buffer.from(build === "relaxed" ? relaxedKernels : simdKernels, "base64");

/** Node 20 knows relaxed SIMD but has it switched off; the flag holds for worker threads as well. */
function hasRelaxedSimd(): boolean {
  const bytes = bytesOf("relaxed");
  if (WebAssembly.validate(bytes)) return true;
  v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(bytes);
}
