/** @file ConvolutionDepthwise: DepthwiseConvolution as other forks spell it. */
import { convolutionDefinition } from "./support/convolution.ts";

/**
 * The same layer as DepthwiseConvolution, under the name that farmingyard's and soeaver's nets use.
 *
 * - Bottoms, tops and blobs: those of DepthwiseConvolution.
 */
export const convolutionDepthwise = convolutionDefinition("ConvolutionDepthwise", false, true);
