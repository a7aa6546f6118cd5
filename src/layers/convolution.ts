/** @file Convolution: learned filters that slide over an image. */
import { convolutionDefinition } from "./support/convolution.ts";

/**
 * Correlates each image with `num_output` filters (the kernel is not flipped).
 *
 *     y[n, m, p] = b[m] + sum over c, t of w[m, c, t] x[n, c, stride p - pad + dilation t]
 *
 * with c running over the channels of m's group. What lies outside the image is 0.
 *
 * - Bottoms: x (N, C, spatial axes...), one or more of one shape; `axis` says which axis is C.
 * - Tops: one for each bottom, (N, num_output, sizes...), each size
 *   trunc((size + 2 pad - (dilation (kernel - 1) + 1)) / stride) + 1.
 * - Blobs: w (num_output, C / group, kernel...), b (num_output) where `bias_term`.
 */
export const convolution = convolutionDefinition("Convolution", false);
