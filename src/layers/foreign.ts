/** @file Layer types that BVLC's Caffe does not have: those of other forks that real nets use most. */
import type { LayerDefinition } from "../core/layer.ts";
import { axpy } from "./axpy.ts";
import { bn } from "./bn.ts";
import { convolutionDepthwise } from "./convolution-depthwise.ts";
import { depthwiseConvolution } from "./depthwise-convolution.ts";
import { detectionOutput } from "./detection-output.ts";
import { interp } from "./interp.ts";
import { l1Loss } from "./l1-loss.ts";
import { normalize } from "./normalize.ts";
import { permute } from "./permute.ts";
import { priorBox } from "./prior-box.ts";
import { psroiPooling } from "./psroi-pooling.ts";
import { relu6 } from "./relu6.ts";
import { roiPooling } from "./roi-pooling.ts";
import { shuffleChannel } from "./shuffle-channel.ts";
import { smoothL1Loss } from "./smooth-l1-loss.ts";
import { upsample } from "./upsample.ts";

/** The layer types beyond BVLC's, in the order of their prototxt names. */
export const foreignLayers: readonly LayerDefinition[] = [
  axpy,
  bn,
  convolutionDepthwise,
  depthwiseConvolution,
  detectionOutput,
  interp,
  l1Loss,
  normalize,
  permute,
  priorBox,
  psroiPooling,
  relu6,
  roiPooling,
  shuffleChannel,
  smoothL1Loss,
  upsample,
];
