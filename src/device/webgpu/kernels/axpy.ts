/** @file Axpy on the GPU: z = a x + y, with a number a for each channel. */
import { count } from "../../../core/shape.ts";
import { foldTasks, sums } from "../fold.ts";
import { reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

export const axpy: KernelFactory = (gpu, { name }) =>
  shapedKernel(gpu, ([scales, x, y], [z], scratch) => {
    const size = x!.count;
    const width = count(x!.shape, 2);
    const dz = readsDiff(z!);
    return {
      forward: [
        flatTask(
          `${name} forward`,
          size,
          { a: reads(scales!), x: reads(x!), y: reads(y!), z: writes(z!) },
          (v) => `  ${v.z}[i] = ${v.a}[i / ${width}u] * ${v.x}[i] + ${v.y}[i];`,
        ),
      ],
      bottoms: [
        foldTasks(scratch, {
          label: `${name} backward scales`,
          rows: { outer: 1, rows: scales!.count, inner: width },
          fold: sums(1, (v) => `    s.s0 += ${v.x}[i] * ${v.dz}[i];`),
          args: { x: reads(x!), dz },
          results: { da: writesDiff(scales!) },
          finish: (v) => `${v.da}[row] = total.s0;`,
        }),
        [
          flatTask(
            `${name} backward x`,
            size,
            { a: reads(scales!), dz, dx: writesDiff(x!) },
            (v) => `  ${v.dx}[i] = ${v.a}[i / ${width}u] * ${v.dz}[i];`,
          ),
        ],
        // In place the gradient is there already.
        y === z
          ? []
          : [
              flatTask(
                `${name} backward y`,
                size,
                { dz, dy: writesDiff(y!) },
                (v) => `  ${v.dy}[i] = ${v.dz}[i];`,
              ),
            ],
      ],
    };
  });
