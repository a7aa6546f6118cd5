/** @file Deconvolution: the transpose of Convolution, which upsamples. */
import { convolutionDefinition } from "./support/convolution.ts";

/**
 * Adds up the filters, each moved to a position of the bottom and scaled by the value there.
 *
 *     y[n, m, stride p - pad + dilation t] += w[c, m, t] x[n, c, p],   from y = b[m] on
 *
 * with c running over the channels of m's group. What falls outside the top is dropped.
 *
 * - Bottoms: x (N, C, spatial axes...), one or more of one shape; `axis` says which axis is C.
 * - Tops: one for each bottom, (N, num_output, sizes...), each size
 *   stride (size - 1) + dilation (kernel - 1) + 1 - 2 pad.
 * - Blobs: w (C, num_output / group, kernel...), b (num_output) where `bias_term`.
 */
export const deconvolution = convolutionDefinition("Deconvolution", true);
