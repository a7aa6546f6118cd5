/** @file ReLU on the GPU. */
import { withDefaults } from "../../../schema/index.ts";
import { reads, readsDiff, writes, writesDiff } from "../task.ts";
import { float } from "../wgsl.ts";
import { flatTask } from "../wgsl.ts";
import type { KernelFactory } from "./kernel.ts";
import { shapedKernel } from "./kernel.ts";

/** y = max(x, 0) + s min(x, 0); in place, y has the sign of x. */
export const relu: KernelFactory = (gpu, { name, param }) => {
  const slope = float(withDefaults("ReLUParameter", param.reluParam).negativeSlope);
  return shapedKernel(gpu, ([x], [y]) => ({
    forward: [
      flatTask(
        `${name} forward`,
        x!.count,
        { x: reads(x!), y: writes(y!) },
        (v) => `  ${v.y}[i] = max(${v.x}[i], 0.0) + ${slope} * min(${v.x}[i], 0.0);`,
      ),
    ],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x!.count,
          { x: reads(x!), dy: readsDiff(y!), dx: writesDiff(x!) },
          (v) => `  ${v.dx}[i] = ${v.dy}[i] * select(${slope}, 1.0, ${v.x}[i] > 0.0);`,
        ),
      ],
    ],
  }));
};
