/** @file Reduction: many values to one. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";

/**
 * Reduces all axes from `axis` on.
 *
 *     SUM    y = coeff * sum of x          dx = coeff dy
 *     ASUM   y = coeff * sum of |x|        dx = coeff dy sign(x)
 *     SUMSQ  y = coeff * sum of x^2        dx = coeff dy 2 x
 *     MEAN   y = coeff * mean of x         dx = coeff dy / number of values
 *
 * - Bottom: x. Top: y, of x's axes before `axis`; a scalar by default.
 */
export const reduction: LayerDefinition = {
  type: "Reduction",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("ReductionParameter", context.param.reductionParam);
    const { term, slope } = operations[param.operation];
    let width = 0;
    let coeff = param.coeff;
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        const axis = axisOf(context, shape, param.axis, "reductionParam.axis");
        width = count(shape, axis);
        coeff = param.operation === "MEAN" ? param.coeff / width : param.coeff;
        top!.reshape(...shape.slice(0, axis));
      },
      forward([bottom], [top]) {
        const x = bottom!.data;
        const y = top!.data;
        for (let row = 0, i = 0; row < y.length; row++) {
          let sum = 0;
          for (const end = i + width; i < end; i++) sum += term(x[i]!);
          y[row] = sum * coeff;
        }
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const x = bottom!.data;
        const dx = bottom!.diff;
        const dy = top!.diff;
        for (let row = 0, i = 0; row < dy.length; row++) {
          const scale = coeff * dy[row]!;
          for (const end = i + width; i < end; i++) dx[i] = scale * slope(x[i]!);
        }
      },
    };
  },
};

type Scalar = (x: number) => number;

const sum = { term: (x) => x, slope: () => 1 } satisfies Record<"term" | "slope", Scalar>;

/** What is summed of each value, and its derivative. */
const operations: Readonly<
  Record<"SUM" | "ASUM" | "SUMSQ" | "MEAN", Record<"term" | "slope", Scalar>>
> = {
  SUM: sum,
  ASUM: { term: Math.abs, slope: Math.sign },
  SUMSQ: { term: (x) => x * x, slope: (x) => 2 * x },
  MEAN: sum,
};
