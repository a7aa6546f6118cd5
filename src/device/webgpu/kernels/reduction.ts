/** @file Reduction on the GPU. */
import { axisOf } from "../../../layers/support/axis.ts";
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import { type Argument, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";

/** What is summed of each value x, and its derivative. */
const operations = {
  SUM: ["x", "1.0"],
  ASUM: ["abs(x)", "sign(x)"],
  SUMSQ: ["x * x", "2.0 * x"],
  MEAN: ["x", "1.0"],
} as const;

/** Sums over all axes from one on. */
export const reduction: KernelFactory = (gpu, request) => {
  const { name, param } = request;
  const { axis, operation, coeff } = withDefaults("ReductionParameter", param.reductionParam);
  const [term, slope] = operations[operation];
  return shapedKernel(gpu, ([x], [y], scratch) => {
    const { shape } = x!;
    const start = axisOf(settled(request), shape, axis, "reductionParam.axis");
    const inner = count(shape, start);
    const factor = float(operation === "MEAN" ? coeff / inner : coeff);
    const args: Record<string, Argument> = { dy: readsDiff(y!), dx: writesDiff(x!) };
    if (slope !== "1.0") args.x = reads(x!);
    return {
      forward: foldTasks(scratch, {
        label: `${name} forward`,
        rows: { outer: 1, rows: y!.count, inner },
        fold: sums(1, (v) => `    let x = ${v.x_values}[i];\n    s.s0 += ${term};`),
        args: { x_values: reads(x!) },
        results: { y: writes(y!) },
        finish: (v) => `${v.y}[row] = total.s0 * ${factor};`,
      }),
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            args,
            (v) => `  let scale = ${factor} * ${v.dy}[i / ${inner}u];
  ${v.dx}[i] = scale * (${slope.replace("x", `${v.x}[i]`)});`,
          ),
        ],
      ],
    };
  });
};
