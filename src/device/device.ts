/** @file The Device contract: where a net's blobs live and what computes on them. */
import type { Engine } from "../core/engine.ts";
import type { Heap } from "../core/heap.ts";
import type { Layer } from "../core/layer.ts";

/** A device's own forward and backward of one layer, in place of the layer's host code. */
export type LayerKernel = Pick<Layer, "forward" | "backward">;

/** A device knows blobs and layers, and no prototxt. */
export interface Device {
  /** "cpu", "webgpu", ... */
  readonly name: string;
  readonly heap: Heap;
  readonly engine: Engine;
  /** An own implementation of a layer, or `undefined`: then its host code runs. */
  kernel(type: string, layer: Layer): LayerKernel | undefined;
  dispose(): void;
}
