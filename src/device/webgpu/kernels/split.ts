/** @file Split on the GPU: nothing to compute forward, as its tops are its bottom's memory. */
import type { Blob } from "../../../core/blob.ts";
import { type Argument, type TaskSpec, readsDiff, updatesDiff, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** Gradients that one kernel adds up: with the sum these are the buffers that every GPU can bind. */
const AT_ONCE = 7;

/** Split: the tops have the bottom's values, and their gradients add up. */
export const split: KernelFactory = (gpu, { name }) =>
  shapedKernel(gpu, ([x], tops) => {
    const tasks: TaskSpec<string>[] = [];
    for (let start = 0; start < tops.length; start += AT_ONCE) {
      tasks.push(additionTask(name, x!, tops.slice(start, start + AT_ONCE), start > 0));
    }
    return { forward: [], bottoms: [tasks] };
  });

/** dx is the sum of some tops' gradients, or has it added. */
function additionTask(name: string, x: Blob, tops: readonly Blob[], isMore: boolean) {
  const args: Record<string, Argument> = { dx: isMore ? updatesDiff(x) : writesDiff(x) };
  for (const [i, top] of tops.entries()) args[`dy${i}`] = readsDiff(top);
  return flatTask(`${name} backward`, x.count, args, (v) => {
    const terms = tops.map((_, i) => `${v[`dy${i}`]}[i]`);
    return `  ${v.dx}[i] = ${[...(isMore ? [`${v.dx}[i]`] : []), ...terms].join(" + ")};`;
  });
}
