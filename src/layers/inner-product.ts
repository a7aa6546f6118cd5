/** @file InnerProduct: a fully connected layer. */
import { fill } from "../core/filler.ts";
import { type Layer, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";

/**
 * Multiplies each item with a learned matrix.
 *
 *     y[m, n] = b[n] + sum over k of x[m, k] w[n, k]
 *     dx = dy w,   dw += dy^T x,   db += sum over m of dy[m]
 *
 * - Bottom: x; the axes from `axis` on are flattened to K, those before to M.
 * - Top: y, the axes before `axis` and N = num_output.
 * - Blobs: w (N, K), or (K, N) with `transpose`; b (N) where `bias_term`.
 */
export const innerProduct: LayerDefinition = {
  type: "InnerProduct",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context): Layer {
    const { engine, random, fail } = context;
    const param = withDefaults("InnerProductParameter", context.param.innerProductParam);
    const { transpose } = param;
    const N = param.numOutput ?? 0;
    if (N < 1) {
      const field = param.numOutput === undefined ? "" : ".numOutput";
      fail("num_output must be at least 1", `innerProductParam${field}`);
    }
    const { shape } = context.bottoms[0]!;
    const axis = axisOf(context, shape, param.axis, "innerProductParam.axis");
    const K = count(shape, axis);
    const weight = context.createBlob(transpose ? [K, N] : [N, K]);
    fill(weight, param.weightFiller, random);
    const bias = param.biasTerm ? context.createBlob([N]) : undefined;
    if (bias) fill(bias, param.biasFiller, random);
    let M = 0;
    return {
      blobs: bias ? [weight, bias] : [weight],
      ownsGradients: true,
      reshape([bottom], [top]) {
        const start = axisOf(context, bottom!.shape, param.axis, "innerProductParam.axis");
        const size = count(bottom!.shape, start);
        if (size !== K) {
          fail(
            "Input size incompatible with inner product parameters. An item of the bottom has " +
              `${size} values now; the layer was set up for ${K}`,
            "bottom",
          );
        }
        M = count(bottom!.shape, 0, start);
        top!.reshape(...bottom!.shape.slice(0, start), N);
      },
      forward([bottom], [top]) {
        const x = bottom!.dataPointer;
        const y = top!.dataPointer;
        engine.gemm(false, !transpose, M, N, K, 1, x, weight.dataPointer, 0, y);
        if (bias) engine.addBias(M, N, 1, bias.dataPointer, y);
      },
      backward([top], propagateDown, [bottom]) {
        const dy = top!.diffPointer;
        if (this.paramPropagateDown?.[0]) {
          const x = bottom!.dataPointer;
          const beta = weight.takeClearedDiff() ? 0 : 1;
          const dw = weight.diffPointer;
          if (transpose) engine.gemm(true, false, K, N, M, 1, x, dy, beta, dw);
          else engine.gemm(true, false, N, K, M, 1, dy, x, beta, dw);
        }
        if (bias && this.paramPropagateDown?.[1]) {
          engine.biasGradient(M, N, 1, dy, bias.diffPointer);
        }
        if (!propagateDown[0]) return;
        engine.gemm(false, transpose, M, K, N, 1, dy, weight.dataPointer, 0, bottom!.diffPointer);
      },
    };
  },
};
