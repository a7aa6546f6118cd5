/** @file DepthwiseConvolution: each channel filtered on its own. */
import { convolutionDefinition } from "./support/convolution.ts";

/**
 * A Convolution whose `group` is the number of channels where it is not given: each channel has
 * filters of its own.
 *
 *     y[n, c, p] = b[c] + sum over t of w[c, 0, t] x[n, c, stride p - pad + dilation t]
 *
 * From yonghenglh's fork; nets for it give `group` too. A Convolution with that `group` is as fast.
 *
 * - Bottoms: x (N, C, spatial axes...), one or more of one shape. Tops: one for each bottom,
 *   (N, num_output, sizes...), as Convolution's; num_output is C or a multiple of it.
 * - Blobs: w (num_output, C / group, kernel...), b (num_output) where `bias_term`.
 */
export const depthwiseConvolution = convolutionDefinition("DepthwiseConvolution", false, true);
