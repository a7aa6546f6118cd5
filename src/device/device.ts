/** @file The Device contract: where a net's blobs live and what computes on them. */
import type { Blob } from "../core/blob.ts";
import type { Engine } from "../core/engine.ts";
import type { Heap } from "../core/heap.ts";
import type { Layer } from "../core/layer.ts";
import type { RandomSource } from "../core/random.ts";
import type { LayerParameter, Phase } from "../schema/index.ts";
import type { SolverType, UpdateConstants } from "./update.ts";

/** A layer that a kernel is wanted for, set up, with its blobs shaped. */
export interface KernelRequest {
  readonly name: string;
  readonly type: string;
  readonly param: LayerParameter;
  readonly phase: Phase;
  /** Its blobs and `paramPropagateDown`. */
  readonly layer: Layer;
  readonly bottomBlobs: readonly Blob[];
  readonly topBlobs: readonly Blob[];
  readonly propagateDown: readonly boolean[];
  /** The numbers that the net draws from. */
  readonly random: RandomSource;
}

/** A device's own forward and backward of one layer, in place of the layer's host code. */
export interface LayerKernel extends Pick<Layer, "forward" | "backward" | "dispose"> {
  /** Called once before the first pass, and again when the layer was reshaped. */
  reshape?(bottoms: readonly Blob[], tops: readonly Blob[]): void;
  /** Bytes of device memory that it keeps for itself, at the shapes of its last reshape. */
  readonly scratchBytes?: number;
  /** Whether it gives NaN for a label of no class, where the host's code says which label that is. */
  readonly trustsLabels?: boolean;
}

/** A device knows blobs and layers, and no prototxt. */
export interface Device {
  /** "cpu", "webgpu", ... */
  readonly name: string;
  /** What it computes with, for people: the name of the GPU. */
  readonly hardware?: string;
  readonly heap: Heap;
  readonly engine: Engine;
  /** An own implementation of a layer, or `undefined`: then its host code runs. */
  kernel(request: KernelRequest): LayerKernel | undefined;
  /** What a device with memory of its own adds; absent on the CPU. */
  readonly remote?: Remote;
  dispose(): void;
}

/** What went over between host and device, since the device was opened. */
export interface TransferCounts {
  submissions: number;
  dispatches: number;
  bytesUp: number;
  bytesDown: number;
}

/** A device whose memory is not the host's; its kernels only order work, which is done later. */
export interface Remote {
  readonly counts: Readonly<TransferCounts>;
  /** Whether a host layer must have its blobs on the host before it runs: nobody can wait within it. */
  readonly needsSync: boolean;
  /** Bytes of the largest blob that the device takes; absent: nobody knows. */
  readonly largestBlob?: number;
  createLossLog(): LossLog;
  /**
   * The update rule of a solver for parameters whose gradients the device computes.
   * @param limit what the L2 norm of all their gradients is scaled down to where it is larger; absent: they stay
   */
  createUpdater(
    type: SolverType,
    constants: UpdateConstants,
    params: readonly UpdatedParameter[],
    limit?: number,
  ): DeviceUpdater;
  /** Hands over the work that was ordered, and waits where the device is too far behind. */
  submit(): Promise<void>;
  /** Waits until all work is done. @throws CaffeError for what went wrong on the device */
  finish(): Promise<void>;
}

/** Losses of passes, which stay on the device until somebody looks at them. */
export interface LossLog {
  /** How many of the last passes it still knows. */
  readonly size: number;
  /** Starts a pass; its loss is 0. */
  start(): void;
  /** Adds `weight` times the sum of a top to the pass's loss, and fills the top's diff with `weight`. */
  add(top: Blob, weight: number): void;
  /** The losses of the last `count` passes, the oldest first. */
  read(count: number): Promise<Float32Array>;
  dispose(): void;
}

/** A learnable parameter with its history. */
export interface UpdatedParameter {
  readonly blob: Blob;
  readonly history: readonly Blob[];
  readonly lrMult: number;
  /** weight_decay times decay_mult. */
  readonly decay: number;
}

/** Updates parameters on the device; the diffs hold the updates afterwards. */
export interface DeviceUpdater {
  /** The sum of the squares of all gradients. */
  squaredNorm(): Promise<number>;
  /** How many of the last norms `readNorms` still knows. */
  readonly normsKept: number;
  /** The L2 norms of the gradients of the last `count` updates with a limit, the oldest first. */
  readNorms(count: number): Promise<Float32Array>;
  /**
   * @param rate the learning rate, before lr_mult
   * @param scale what gradients are multiplied with first, besides the limit: 1 / iter_size
   * @param iter the iteration, from 0
   */
  apply(rate: number, scale: number, iter: number): void;
  dispose(): void;
}
