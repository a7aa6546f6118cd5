/** @file Split on the GPU: nothing to compute forward, as its tops are its bottom's memory. */
import { type Argument, readsDiff, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** Split: the tops have the bottom's values, and their gradients add up. */
export const split: KernelFactory = (gpu, { name }) =>
  shapedKernel(gpu, ([x], tops) => {
    const args: Record<string, Argument> = { dx: writesDiff(x!) };
    for (const [i, top] of tops.entries()) args[`dy${i}`] = readsDiff(top);
    const sum = tops.map((_, i) => `dy${i}[i]`).join(" + ");
    return {
      forward: [],
      bottoms: [[flatTask(`${name} backward`, x!.count, args, () => `  dx[i] = ${sum};`)]],
    };
  });
