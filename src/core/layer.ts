/** @file The layer contract: what a layer tells the net, and what the net gives a layer. */
import type { LayerParameter, Phase } from "../schema/index.ts";
import type { Blob } from "./blob.ts";
import type { Engine } from "./engine.ts";
import type { FenceOptions } from "./fence-options.ts";
import type { Logger } from "./logger.ts";
import type { PixelBatches } from "./pixel-batches.ts";
import type { RandomSource } from "./random.ts";

/** How many bottoms or tops a layer takes. */
export interface Arity {
  readonly min: number;
  readonly max: number;
}

export const exactly = (n: number): Arity => ({ min: n, max: n });
export const atLeast = (n: number): Arity => ({ min: n, max: Number.POSITIVE_INFINITY });

/** What a net knows of a layer type before it builds one. */
export interface LayerDefinition {
  /** The prototxt `type`, such as `"Pooling"`. */
  readonly type: string;
  readonly bottoms: Arity;
  readonly tops: Arity;
  /** As many tops as bottoms (BVLC `EqualNumBottomTopBlobs`). */
  readonly equalBottomsAndTops?: boolean;
  /** Missing tops are made up to `tops.min`, without a name (BVLC `AutoTopBlobs`). */
  readonly autoTops?: boolean;
  /** The loss weight of top `i` where the prototxt gives none: 1 for the first top of a loss layer. */
  readonly defaultLossWeight?: (topIndex: number) => number;
  /** Whether `force_backward` reaches bottom `i`; true where absent. */
  readonly allowForceBackward?: (bottomIndex: number) => boolean;
  /** Builds one layer of a net. Bottoms have their shapes; tops have none yet. */
  setUp(context: LayerContext): Layer | Promise<Layer>;
}

/** One layer of a net. All methods but `prepare` and `restoreState` are synchronous and allocate nothing but in `reshape`. */
export interface Layer {
  /** Learnable blobs, weight before bias. */
  readonly blobs: readonly Blob[];
  /** Gives the tops their shapes and reserves scratch memory. Called at set-up and when a bottom's shape changed. */
  reshape(bottoms: readonly Blob[], tops: readonly Blob[]): void;
  /** Called before every forward pass even if no bottom changed its shape (Caffe does so for all layers). */
  readonly reshapesEachForward?: boolean;
  /** Whether the diffs of `blobs` are written within `backward` and looked at nowhere else. */
  readonly ownsGradients?: boolean;
  /** Whether forward and backward only let blobs share memory, and look at no value. */
  readonly onlyShares?: boolean;
  /** Waits for what the next forward pass needs, such as a batch that is being decoded. */
  prepare?(): Promise<void>;
  forward(bottoms: readonly Blob[], tops: readonly Blob[]): void;
  /**
   * Bottom diffs are overwritten where `propagateDown[i]`; the diffs of `blobs` are added to where
   * `paramPropagateDown[i]`. Absent: the layer has no backward pass.
   */
  backward?(
    tops: readonly Blob[],
    propagateDown: readonly boolean[],
    bottoms: readonly Blob[],
  ): void;
  /** Set by the net before the first backward pass: which of `blobs` want a gradient (lr_mult != 0). */
  paramPropagateDown?: boolean[];
  /** Of a layer whose first top is made of pixels. */
  readonly pixelBatches?: PixelBatches;
  /** Takes the arrays that the layer reads from now on, which stay the caller's (MemoryData). */
  setInputArrays?(data: Float32Array, labels: Float32Array): void;
  /** What must survive a snapshot to resume exactly (a cursor, a shuffled order); JSON. */
  saveState?(): unknown;
  restoreState?(state: unknown): void | Promise<void>;
  /** Closes files and frees scratch memory; the net frees `blobs` and the tops. */
  dispose?(): void;
}

/** What a layer gets from the net when it is set up. */
export interface LayerContext {
  /** The layer's message as parsed; defaults are filled in by `withDefaults` of the schema. */
  readonly param: LayerParameter;
  readonly phase: Phase;
  readonly bottoms: readonly Blob[];
  readonly tops: readonly Blob[];
  /** How many of the tops' diffs are wanted: whether the net will run backward at all is not known yet. */
  readonly engine: Engine;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** Folders in which custom layers are looked for, in order. */
  readonly layerPath: readonly string[];
  /** Limits of the processes that custom layers run in; absent: they run in this one. */
  readonly fence?: FenceOptions | undefined;
  /** The absolute path of a file that the prototxt names. */
  resolvePath(path: string): string;
  /** A zeroed learnable blob or scratch blob in the heap of the net. */
  createBlob(shape: readonly number[]): Blob;
  /**
   * Throws a NetDefinitionError that names file, line, column, layer and type.
   * @param problem what was expected, what came, what to do
   * @param field the prototxt field to point at, as a path of camelCase names ("poolingParam.padH")
   */
  fail(problem: string, field?: string): never;
}
