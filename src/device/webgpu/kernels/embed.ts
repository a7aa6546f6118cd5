/** @file Embed on the GPU. */
import type { Blob } from "../../../core/blob.ts";
import { foldTasks, sums } from "../fold.ts";
import { nanOf } from "../functions.ts";
import {
  type Argument,
  type TaskSpec,
  reads,
  readsDiff,
  updatesDiff,
  writes,
  writesDiff,
} from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, type Scratch, labelledKernel } from "./kernel.ts";

/** Rows of a table by index; an index outside of it gives NaN, and the host then says which it is. */
export const embed: KernelFactory = (gpu, { name, layer, propagateDown }) => {
  if (propagateDown[0]) return undefined; // The host says that indices have no gradient.
  const [weight, bias] = layer.blobs as [Blob, Blob?];
  const [entries, width] = weight.shape as [number, number];
  const learns = layer.paramPropagateDown ?? [];
  return labelledKernel(gpu, ([x], [y], scratch) => {
    const scatter = scatterTask(name, x!, y!, weight);
    const biasTasks = (assign: "=" | "+=", into: Argument) =>
      biasGradient(name, scratch, y!, width, assign, into);
    return {
      forward: [lookupTask(name, x!, y!, weight, bias, entries)],
      params: [
        learns[0]
          ? { blob: weight, write: [zeroTask(name, weight), scatter], add: [scatter] }
          : undefined,
        bias && learns[1]
          ? {
              blob: bias,
              write: biasTasks("=", writesDiff(bias)),
              add: biasTasks("+=", updatesDiff(bias)),
            }
          : undefined,
      ],
    };
  });
};

function lookupTask(
  name: string,
  x: Blob,
  y: Blob,
  weight: Blob,
  bias: Blob | undefined,
  entries: number,
): TaskSpec<string> {
  const width = weight.shape[1]!;
  const args: Record<string, Argument> = { x: reads(x), w: reads(weight), y: writes(y) };
  if (bias) args.bias = reads(bias);
  return flatTask(
    `${name} forward`,
    y.count,
    args,
    (v) => `  let wanted = ${v.x}[i / ${width}u];
  let entry = i32(wanted);
  let value = ${v.w}[u32(entry) * ${width}u + i % ${width}u]${bias ? ` + ${v.bias}[i % ${width}u]` : ""};
  ${v.y}[i] = select(value, nan_of(wanted), entry < 0 || entry >= ${entries});`,
    nanOf,
  );
}

function zeroTask(name: string, weight: Blob): TaskSpec<string> {
  const args = { dw: writesDiff(weight) };
  return flatTask(`${name} zeros`, weight.count, args, (v) => `  ${v.dw}[i] = 0.0;`);
}

/** Where an index comes up first, all gradients of its row are added, in order. */
function scatterTask(name: string, x: Blob, y: Blob, weight: Blob): TaskSpec<string> {
  const [entries, width] = weight.shape as [number, number];
  const args = { x: reads(x), dy: readsDiff(y), dw: updatesDiff(weight) };
  return flatTask(
    `${name} rows' gradient`,
    y.count,
    args,
    (v) => `  let m = i / ${width}u;
  let column = i % ${width}u;
  let entry = i32(${v.x}[m]);
  for (var k = 0u; k < m; k++) {
    if (i32(${v.x}[k]) == entry) { return; }
  }
  var sum = 0.0;
  for (var k = m; k < ${x.count}u; k++) {
    if (i32(${v.x}[k]) == entry) { sum += ${v.dy}[k * ${width}u + column]; }
  }
  if (entry >= 0 && entry < ${entries}) { ${v.dw}[u32(entry) * ${width}u + column] += sum; }`,
  );
}

function biasGradient(
  name: string,
  scratch: Scratch,
  y: Blob,
  width: number,
  assign: "=" | "+=",
  into: Argument,
): TaskSpec<string>[] {
  return foldTasks(scratch, {
    label: `${name} bias gradient`,
    rows: { outer: y.count / width, rows: width, inner: 1 },
    fold: sums(1, (v) => `    s.s0 += ${v.dy}[i];`),
    args: { dy: readsDiff(y) },
    results: { sum: into },
    finish: (v) => `${v.sum}[row] ${assign} total.s0;`,
  });
}
