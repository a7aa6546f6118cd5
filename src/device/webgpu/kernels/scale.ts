/** @file Scale, Bias and PReLU on the GPU: a small blob spread over a large one. */
import type { Blob } from "../../../core/blob.ts";
import { canonicalAxis, count } from "../../../core/shape.ts";
import type { SyncedMemory } from "../../../core/synced-memory.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type Rows, foldTasks, sums } from "../fold.ts";
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
import {
  type KernelFactory,
  type ParameterGradient,
  type Scratch,
  shapedKernel,
} from "./kernel.ts";

/** y = x s + b */
export const scale: KernelFactory = (gpu, { name, param, layer, bottomBlobs, propagateDown }) => {
  const { axis, biasTerm } = withDefaults("ScaleParameter", param.scaleParam);
  const { blobs } = layer;
  const isLearned = bottomBlobs.length === 1;
  const bias = biasTerm ? blobs.at(-1) : undefined;
  const learns = layer.paramPropagateDown ?? [];
  return shapedKernel(gpu, ([x, factor], [y], scratch) => {
    const s = factor ?? blobs[0]!;
    const layout = spread(x!, s, axis);
    const wantsS = isLearned ? learns[0] : propagateDown[1];
    // The gradient of s needs x, which a top in its place overwrites.
    const kept = x === y && wantsS ? scratch(x!.count) : undefined;
    const product = (v: Names) => `${v.dy}[i] * ${v.x}[i]`;
    const sources = { dy: readsDiff(y!), x: reads(kept ?? x!) };
    const ofS = (assign: Assignment, target: Argument) =>
      rowSums(`${name} backward scale`, scratch, layout, sources, product, assign, target);
    return {
      forward: [scaleTask(name, layout, x!, s, bias, y!, kept)],
      // Before that of x, which may lie where dy does.
      backward: !isLearned && wantsS ? ofS("=", writesDiff(s)) : [],
      params: [
        isLearned && wantsS ? accumulated(s, ofS) : undefined,
        bias && learns[blobs.length - 1]
          ? accumulated(bias, biasSums(name, scratch, layout, y!))
          : undefined,
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { dy: readsDiff(y!), s: reads(s), dx: writesDiff(x!) },
            (v) => `  ${v.dx}[i] = ${v.dy}[i] * ${v.s}[${rowOf(layout)}];`,
          ),
        ],
      ],
    };
  });
};

function scaleTask(
  name: string,
  layout: Rows,
  x: Blob,
  s: Blob,
  bias: Blob | undefined,
  y: Blob,
  kept: SyncedMemory | undefined,
): TaskSpec<string> {
  const args: Record<string, Argument> = { x: reads(x), s: reads(s), y: writes(y) };
  if (bias) args.b = reads(bias);
  if (kept) args.kept = writes(kept);
  return flatTask(`${name} forward`, x.count, args, (v) =>
    [
      `  let row = ${rowOf(layout)};`,
      `  let value = ${v.x}[i];`,
      kept ? `  ${v.kept}[i] = value;` : "",
      `  ${v.y}[i] = value * ${v.s}[row]${bias ? ` + ${v.b}[row]` : ""};`,
    ].join("\n"),
  );
}

/** y = x + b */
export const bias: KernelFactory = (gpu, { name, param, layer, propagateDown }) => {
  const { axis } = withDefaults("BiasParameter", param.biasParam);
  return shapedKernel(gpu, ([x, second], [y], scratch) => {
    const b = second ?? layer.blobs[0]!;
    const layout = spread(x!, b, axis);
    const ofB = biasSums(name, scratch, layout, y!);
    return {
      forward: [
        flatTask(
          `${name} forward`,
          x!.count,
          { x: reads(x!), b: reads(b), y: writes(y!) },
          (v) => `  ${v.y}[i] = ${v.x}[i] + ${v.b}[${rowOf(layout)}];`,
        ),
      ],
      backward: second && propagateDown[1] ? ofB("=", writesDiff(b)) : [],
      params: [!second && layer.paramPropagateDown?.[0] ? accumulated(b, ofB) : undefined],
      bottoms: [
        x === y
          ? []
          : [
              flatTask(
                `${name} backward`,
                x!.count,
                { dy: readsDiff(y!), dx: writesDiff(x!) },
                (v) => `  ${v.dx}[i] = ${v.dy}[i];`,
              ),
            ],
      ],
    };
  });
};

/** y = max(x, 0) + a min(x, 0), with a slope for each channel or one for all. */
export const prelu: KernelFactory = (gpu, { name, layer }) =>
  shapedKernel(gpu, ([x], [y], scratch) => {
    const slopes = layer.blobs[0]!;
    const isShared = slopes.count === 1;
    const inner = count(x!.shape, 2);
    const layout = isShared
      ? { outer: 1, rows: 1, inner: x!.count }
      : { outer: x!.shape[0]!, rows: slopes.count, inner };
    const learns = layer.paramPropagateDown?.[0];
    // The way back needs x, which a top in its place overwrites.
    const kept = x === y ? scratch(x!.count) : undefined;
    const sources = { dy: readsDiff(y!), x: reads(kept ?? x!) };
    const term = (v: Names) => `select(${v.dy}[i] * ${v.x}[i], 0.0, ${v.x}[i] > 0.0)`;
    const args: Record<string, Argument> = { x: reads(x!), a: reads(slopes), y: writes(y!) };
    if (kept) args.kept = writes(kept);
    return {
      forward: [
        flatTask(
          `${name} forward`,
          x!.count,
          args,
          (v) => `  let value = ${v.x}[i];
  ${kept ? `${v.kept}[i] = value;` : ""}
  ${v.y}[i] = select(value, ${v.a}[${rowOf(layout)}] * value, value <= 0.0);`,
        ),
      ],
      params: [
        learns
          ? accumulated(slopes, (assign, target) =>
              rowSums(`${name} backward slopes`, scratch, layout, sources, term, assign, target),
            )
          : undefined,
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { ...sources, a: reads(slopes), dx: writesDiff(x!) },
            (v) => `  let value = ${v.dy}[i];
  ${v.dx}[i] = select(${v.a}[${rowOf(layout)}] * value, value, ${v.x}[i] > 0.0);`,
          ),
        ],
      ],
    };
  });

type Names = Readonly<Record<string, string>>;
type Assignment = "=" | "+=";

/** How a small blob lies in a large one from an axis on: x[o, row, i] meets s[row]. */
function spread(large: Blob, small: Blob, axis: number): Rows {
  const start = small.shape.length === 0 ? 0 : canonicalAxis(large.shape, axis)!;
  return {
    outer: count(large.shape, 0, start),
    rows: small.count,
    inner: count(large.shape, start + small.shape.length),
  };
}

/** The row of value `i`. */
function rowOf({ rows, inner }: Rows): string {
  return rows === 1 ? "0u" : `i / ${inner}u % ${rows}u`;
}

/** The gradient of a learnable blob, which is the same sum whether it is written or added. */
function accumulated(
  blob: Blob,
  tasks: (assign: Assignment, target: Argument) => TaskSpec<string>[],
): ParameterGradient {
  return { blob, write: tasks("=", writesDiff(blob)), add: tasks("+=", updatesDiff(blob)) };
}

/** target[row] = or += the sum of a term over a row. */
function rowSums(
  label: string,
  scratch: Scratch,
  rows: Rows,
  args: Readonly<Record<string, Argument>>,
  term: (names: Names) => string,
  assign: Assignment,
  target: Argument,
): TaskSpec<string>[] {
  return foldTasks(scratch, {
    label,
    rows,
    fold: sums(1, (v) => `    s.s0 += ${term(v)};`),
    args,
    results: { sum: target },
    finish: (v) => `${v.sum}[row] ${assign} total.s0;`,
  });
}

/** The sums of dy, for a bias. */
function biasSums(name: string, scratch: Scratch, layout: Rows, y: Blob) {
  return (assign: Assignment, target: Argument) =>
    rowSums(
      `${name} backward bias`,
      scratch,
      layout,
      { dy: readsDiff(y) },
      (v) => `${v.dy}[i]`,
      assign,
      target,
    );
}
