/** @file The built-in layers: the explicit list, in the order of their prototxt names. */
import type { LayerDefinition } from "../core/layer.ts";
import { absVal } from "./absval.ts";
import { accuracy } from "./accuracy.ts";
import { argMax } from "./argmax.ts";
import { batchNorm } from "./batch-norm.ts";
import { batchReindex } from "./batch-reindex.ts";
import { bias } from "./bias.ts";
import { bnll } from "./bnll.ts";
import { clip } from "./clip.ts";
import { concat } from "./concat.ts";
import { contrastiveLoss } from "./contrastive-loss.ts";
import { convolution } from "./convolution.ts";
import { crop } from "./crop.ts";
import { data } from "./data.ts";
import { deconvolution } from "./deconvolution.ts";
import { dropout } from "./dropout.ts";
import { dummyData } from "./dummy-data.ts";
import { eltwise } from "./eltwise.ts";
import { elu } from "./elu.ts";
import { embed } from "./embed.ts";
import { euclideanLoss } from "./euclidean-loss.ts";
import { exp } from "./exp.ts";
import { filter } from "./filter.ts";
import { flatten } from "./flatten.ts";
import { foreignLayers } from "./foreign.ts";
import { hdf5Data } from "./hdf5-data.ts";
import { hdf5Output } from "./hdf5-output.ts";
import { hingeLoss } from "./hinge-loss.ts";
import { im2col } from "./im2col.ts";
import { imageData } from "./image-data.ts";
import { infogainLoss } from "./infogain-loss.ts";
import { innerProduct } from "./inner-product.ts";
import { input } from "./input.ts";
import { log } from "./log.ts";
import { lrn } from "./lrn.ts";
import { multinomialLogisticLoss } from "./multinomial-logistic-loss.ts";
import { lstm } from "./lstm.ts";
import { lstmUnit } from "./lstm-unit.ts";
import { memoryData } from "./memory-data.ts";
import { mvn } from "./mvn.ts";
import { parameter } from "./parameter.ts";
import { pooling } from "./pooling.ts";
import { power } from "./power.ts";
import { prelu } from "./prelu.ts";
import { python } from "./python.ts";
import { reduction } from "./reduction.ts";
import { relu } from "./relu.ts";
import { reshape } from "./reshape.ts";
import { rnn } from "./rnn.ts";
import { scale } from "./scale.ts";
import { sigmoid } from "./sigmoid.ts";
import { sigmoidCrossEntropyLoss } from "./sigmoid-cross-entropy-loss.ts";
import { silence } from "./silence.ts";
import { slice } from "./slice.ts";
import { softmax } from "./softmax.ts";
import { softmaxWithLoss } from "./softmax-with-loss.ts";
import { split } from "./split.ts";
import { spp } from "./spp.ts";
import { swish } from "./swish.ts";
import { tanh } from "./tanh.ts";
import { threshold } from "./threshold.ts";
import { tile } from "./tile.ts";
import { windowData } from "./window-data.ts";

export { foreignLayers };

/** Every layer type that a prototxt may name without a file of its own: BVLC's, then those of other forks. */
export const builtInLayers: readonly LayerDefinition[] = [
  absVal,
  accuracy,
  argMax,
  batchNorm,
  batchReindex,
  bias,
  bnll,
  clip,
  concat,
  contrastiveLoss,
  convolution,
  crop,
  deconvolution,
  data,
  dropout,
  dummyData,
  eltwise,
  elu,
  embed,
  euclideanLoss,
  exp,
  filter,
  flatten,
  hdf5Data,
  hdf5Output,
  hingeLoss,
  im2col,
  imageData,
  infogainLoss,
  innerProduct,
  input,
  log,
  lrn,
  multinomialLogisticLoss,
  lstm,
  lstmUnit,
  memoryData,
  mvn,
  parameter,
  pooling,
  power,
  prelu,
  python,
  reduction,
  relu,
  reshape,
  rnn,
  scale,
  sigmoid,
  sigmoidCrossEntropyLoss,
  silence,
  slice,
  softmax,
  softmaxWithLoss,
  split,
  spp,
  swish,
  tanh,
  threshold,
  tile,
  windowData,
  ...foreignLayers,
];
