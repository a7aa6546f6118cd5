/** @file The layers that the GPU has kernels for, by the prototxt's `type`. */
import { accuracy, argMax } from "./accuracy.ts";
import { axpy } from "./axpy.ts";
import { batchNorm, mvn } from "./batch-norm.ts";
import { convolution, deconvolution, depthwiseConvolution } from "./convolution.ts";
import { concat, crop, permute, shuffleChannel, silence, slice, tile } from "./copies.ts";
import { dropout } from "./dropout.ts";
import { eltwise } from "./eltwise.ts";
import { embed } from "./embed.ts";
import { innerProduct } from "./inner-product.ts";
import { interp, upsample } from "./interp.ts";
import type { KernelFactory } from "./kernel.ts";
import {
  euclideanLoss,
  hingeLoss,
  l1Loss,
  sigmoidCrossEntropyLoss,
  softmaxWithLoss,
} from "./losses.ts";
import { lrn } from "./lrn.ts";
import * as neurons from "./neurons.ts";
import { normalize } from "./normalize.ts";
import { contrastiveLoss, smoothL1Loss } from "./pair-losses.ts";
import { pixelSource } from "./pixels.ts";
import { pooling } from "./pooling.ts";
import { reduction } from "./reduction.ts";
import { bias, prelu, scale } from "./scale.ts";
import { softmax } from "./softmax.ts";
import { split } from "./split.ts";

export const kernels: Readonly<Record<string, KernelFactory>> = {
  AbsVal: neurons.absVal,
  Accuracy: accuracy,
  ArgMax: argMax,
  Axpy: axpy,
  BatchNorm: batchNorm,
  Bias: bias,
  BNLL: neurons.bnll,
  Clip: neurons.clip,
  Concat: concat,
  ContrastiveLoss: contrastiveLoss,
  Convolution: convolution,
  ConvolutionDepthwise: depthwiseConvolution,
  Crop: crop,
  Data: pixelSource,
  Deconvolution: deconvolution,
  DepthwiseConvolution: depthwiseConvolution,
  Dropout: dropout,
  Eltwise: eltwise,
  ELU: neurons.elu,
  Embed: embed,
  EuclideanLoss: euclideanLoss,
  Exp: neurons.exp,
  HingeLoss: hingeLoss,
  ImageData: pixelSource,
  InnerProduct: innerProduct,
  Interp: interp,
  L1Loss: l1Loss,
  Log: neurons.log,
  LRN: lrn,
  MVN: mvn,
  Normalize: normalize,
  Permute: permute,
  Pooling: pooling,
  Power: neurons.power,
  PReLU: prelu,
  Reduction: reduction,
  ReLU: neurons.relu,
  ReLU6: neurons.relu6,
  Scale: scale,
  ShuffleChannel: shuffleChannel,
  Sigmoid: neurons.sigmoid,
  SigmoidCrossEntropyLoss: sigmoidCrossEntropyLoss,
  Silence: silence,
  Slice: slice,
  SmoothL1Loss: smoothL1Loss,
  Softmax: softmax,
  SoftmaxWithLoss: softmaxWithLoss,
  Split: split,
  Swish: neurons.swish,
  TanH: neurons.tanh,
  Threshold: neurons.threshold,
  Tile: tile,
  Upsample: upsample,
};
