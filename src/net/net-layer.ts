/** @file One layer of a built net, and the parameters that a solver updates. */
import type { Blob } from "../core/blob.ts";
import type { PlannedLayer } from "../device/index.ts";
import type { LayerParameter } from "../schema/index.ts";

/** A layer as callers see it: its names, its blobs and its message. */
export interface NetLayer extends PlannedLayer {
  readonly bottoms: readonly string[];
  /** Blob names; an anonymous top of a loss layer is called "(automatic)". */
  readonly tops: readonly string[];
  /** Learnable blobs, weight before bias. */
  readonly blobs: readonly Blob[];
  /** The message after splits were inserted, with the layer's own completions. */
  readonly param: LayerParameter;
  readonly lossWeights: readonly number[];
  readonly propagateDown: readonly boolean[];
  needsBackward: boolean;
}

/** A parameter that the solver updates; parameters shared by name appear once. */
export interface LearnableParam {
  readonly blob: Blob;
  readonly layerName: string;
  /** Number of the blob in its layer: weight 0, bias 1, ... */
  readonly index: number;
  lrMult: number;
  decayMult: number;
}
