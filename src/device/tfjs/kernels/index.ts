/** @file The layers that the tfjs device has kernels for, by the prototxt's `type`. */
import { accuracy } from "./accuracy.ts";
import { batchNorm } from "./batch-norm.ts";
import { convolution, deconvolution } from "./convolution.ts";
import { dropout } from "./dropout.ts";
import { eltwise } from "./eltwise.ts";
import { embed } from "./embed.ts";
import { innerProduct } from "./inner-product.ts";
import type { KernelFactory } from "./kernel.ts";
import {
  euclideanLoss,
  hingeLoss,
  l1Loss,
  sigmoidCrossEntropyLoss,
  softmaxWithLoss,
} from "./losses.ts";
import { lrn } from "./lrn.ts";
import { neurons } from "./neurons.ts";
import { concat, crop, permute, silence, slice, split } from "./parts.ts";
import { pooling } from "./pooling.ts";
import { prelu } from "./prelu.ts";
import { mvn, reduction, tile } from "./reductions.ts";
import { bias, scale } from "./scale.ts";
import { softmax } from "./softmax.ts";

export const kernels: Readonly<Record<string, KernelFactory>> = {
  ...neurons,
  Accuracy: accuracy,
  BatchNorm: batchNorm,
  Bias: bias,
  Concat: concat,
  Convolution: convolution,
  ConvolutionDepthwise: convolution,
  Crop: crop,
  Deconvolution: deconvolution,
  DepthwiseConvolution: convolution,
  Dropout: dropout,
  Eltwise: eltwise,
  Embed: embed,
  EuclideanLoss: euclideanLoss,
  HingeLoss: hingeLoss,
  InnerProduct: innerProduct,
  L1Loss: l1Loss,
  LRN: lrn,
  MVN: mvn,
  PReLU: prelu,
  Permute: permute,
  Pooling: pooling,
  Reduction: reduction,
  Scale: scale,
  SigmoidCrossEntropyLoss: sigmoidCrossEntropyLoss,
  Silence: silence,
  Slice: slice,
  Softmax: softmax,
  SoftmaxWithLoss: softmaxWithLoss,
  Split: split,
  Tile: tile,
};
