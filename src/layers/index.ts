/** @file The built-in layers: the explicit list, in the order of their prototxt names. */
import type { LayerDefinition } from "../core/layer.ts";
import { accuracy } from "./accuracy.ts";
import { argMax } from "./argmax.ts";
import { batchNorm } from "./batch-norm.ts";
import { bias } from "./bias.ts";
import { concat } from "./concat.ts";
import { crop } from "./crop.ts";
import { dropout } from "./dropout.ts";
import { dummyData } from "./dummy-data.ts";
import { eltwise } from "./eltwise.ts";
import { euclideanLoss } from "./euclidean-loss.ts";
import { flatten } from "./flatten.ts";
import { input } from "./input.ts";
import { power } from "./power.ts";
import { relu } from "./relu.ts";
import { reshape } from "./reshape.ts";
import { scale } from "./scale.ts";
import { sigmoidCrossEntropyLoss } from "./sigmoid-cross-entropy-loss.ts";
import { sigmoid } from "./sigmoid.ts";
import { silence } from "./silence.ts";
import { slice } from "./slice.ts";
import { softmaxWithLoss } from "./softmax-with-loss.ts";
import { softmax } from "./softmax.ts";
import { split } from "./split.ts";
import { tanh } from "./tanh.ts";

/** Every layer type that a prototxt may name without a file of its own. */
export const builtInLayers: readonly LayerDefinition[] = [
  accuracy,
  argMax,
  batchNorm,
  bias,
  concat,
  crop,
  dropout,
  dummyData,
  eltwise,
  euclideanLoss,
  flatten,
  input,
  power,
  relu,
  reshape,
  scale,
  sigmoid,
  sigmoidCrossEntropyLoss,
  silence,
  slice,
  softmax,
  softmaxWithLoss,
  split,
  tanh,
];
