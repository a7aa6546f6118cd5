/** @file Layers whose tops are their bottom's memory: nothing to compute forward. */
import { type Argument, readsDiff, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** Flatten and Reshape: the host code only lets top and bottom be one memory, wherever that is. */
export const alias: KernelFactory = (_gpu, { layer }) => ({
  forward: (bottoms, tops) => layer.forward(bottoms, tops),
  backward: (tops, propagateDown, bottoms) => layer.backward?.(tops, propagateDown, bottoms),
});

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
