/** @file Loss layers on the GPU: a sum over all values, divided by a number that may be a sum as well. */
import type { Blob } from "../../../core/blob.ts";
import { count } from "../../../core/shape.ts";
import { axisOf } from "../../../layers/support/axis.ts";
import { type Normalization, normalizationOf } from "../../../layers/support/loss.ts";
import { viewAround } from "../../../layers/support/softmax.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import { isNan, logOf, logOnePlus, nanOf, sigmoidOf } from "../functions.ts";
import { type Argument, type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type Scratch, labelledKernel, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";
import { softmaxTask } from "./softmax.ts";

type Names = Readonly<Record<string, string>>;

/** The smallest normal float32, which a probability counts at least. */
const FLT_MIN = "1.1754943508222875e-38f";

/** The softmax, and the logarithms of the probabilities of the labels. */
export const softmaxWithLoss: KernelFactory = (gpu, request) => {
  const { name, param, propagateDown } = request;
  if (propagateDown[1]) return undefined; // The host says that labels have no gradient.
  const { axis } = withDefaults("SoftmaxParameter", param.softmaxParam);
  const mode = normalizationOf(param.lossParam, "VALID");
  const isIgnored = ignores("label", param.lossParam?.ignoreLabel);
  return labelledKernel(gpu, ([x, labels], [loss, second], scratch) => {
    const view = viewAround(
      x!.shape,
      axisOf(settled(request), x!.shape, axis, "softmaxParam.axis"),
    );
    const { outer, channels, inner } = view;
    const positions = outer * inner;
    const p = second ?? scratch(x!.count);
    const divisor = scratch(1);
    return {
      forward: [
        softmaxTask(`${name} probabilities`, view, x!, p),
        ...lossTasks(scratch, {
          label: `${name} forward`,
          values: positions,
          args: { p: reads(p), labels: reads(labels!) },
          step: (v) => `    let label = i32(${v.labels}[i]);
    if (!(${isIgnored})) {
      s.s1 += 1.0;
      if (label < 0 || label >= ${channels}) {
        s.s2 += 1.0;
      } else {
        let place = i / ${inner}u * ${channels * inner}u + u32(label) * ${inner}u + i % ${inner}u;
        let value = ${v.p}[place];
        s.s0 -= log_of(select(value, ${FLT_MIN}, value < ${FLT_MIN}));
      }
    }`,
          functions: logOf,
          divisor: divisorOf(mode, outer, inner),
          loss: loss!,
          kept: writes(divisor),
        }),
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            {
              p: reads(p),
              labels: reads(labels!),
              divisor: reads(divisor),
              dy: readsDiff(loss!),
              dx: writesDiff(x!),
            },
            (v) => `  let class_index = i32(i / ${inner}u % ${channels}u);
  let label = i32(${v.labels}[i / ${channels * inner}u * ${inner}u + i % ${inner}u]);
  let scale = ${v.dy}[0] / ${v.divisor}[0];
  let value = (${v.p}[i] - select(0.0, 1.0, label == class_index)) * scale;
  ${v.dx}[i] = select(value, 0.0, ${isIgnored});`,
          ),
        ],
      ],
    };
  });
};

/** The logistic loss of each value for itself. */
export const sigmoidCrossEntropyLoss: KernelFactory = (gpu, { name, param, propagateDown }) => {
  if (propagateDown[1]) return undefined; // The host says that targets have no gradient.
  const mode = normalizationOf(param.lossParam, "BATCH_SIZE");
  const isIgnored = ignores("i32(t)", param.lossParam?.ignoreLabel);
  return shapedKernel(gpu, ([x, targets], [loss], scratch) => {
    const divisor = scratch(1);
    return {
      forward: lossTasks(scratch, {
        label: `${name} forward`,
        values: x!.count,
        args: { x: reads(x!), targets: reads(targets!) },
        step: (v) => `    let x = ${v.x}[i];
    let t = ${v.targets}[i];
    if (!(${isIgnored})) {
      s.s0 -= x * (t - select(0.0, 1.0, x >= 0.0)) - log_one_plus(exp(-abs(x)));
      s.s1 += 1.0;
    }`,
        functions: logOnePlus,
        divisor: divisorOf(mode, x!.shape[0] ?? 1, count(x!.shape, 1)),
        loss: loss!,
        kept: writes(divisor),
      }),
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            {
              x: reads(x!),
              targets: reads(targets!),
              divisor: reads(divisor),
              dy: readsDiff(loss!),
              dx: writesDiff(x!),
            },
            (v) => `  let t = ${v.targets}[i];
  let value = (sigmoid(${v.x}[i]) - t) * (${v.dy}[0] / ${v.divisor}[0]);
  ${v.dx}[i] = select(value, 0.0, ${isIgnored});`,
            sigmoidOf,
          ),
        ],
      ],
    };
  });
};

/** What a difference counts, and the derivative of that. */
function distanceLoss(of: string, divisor: number, slope: string): KernelFactory {
  return (gpu, { name }) =>
    shapedKernel(gpu, ([a, b], [loss], scratch) => {
      const items = a!.shape[0] ?? 1;
      const sources = { a: reads(a!), b: reads(b!) };
      return {
        forward: lossTasks(scratch, {
          label: `${name} forward`,
          values: a!.count,
          args: sources,
          step: (v) => `    let difference = ${v.a}[i] - ${v.b}[i];\n    s.s0 += ${of};`,
          divisor: float(divisor * items),
          loss: loss!,
        }),
        bottoms: [a!, b!].map((bottom, k) => [
          flatTask(
            `${name} backward`,
            a!.count,
            { ...sources, dy: readsDiff(loss!), dx: writesDiff(bottom) },
            (v) => `  let difference = ${v.a}[i] - ${v.b}[i];
  ${v.dx}[i] = ${slope} * ${v.dy}[0] * ${float((k === 0 ? 1 : -1) / items)};`,
          ),
        ]),
      };
    });
}

export const euclideanLoss = distanceLoss("difference * difference", 2, "difference");
export const l1Loss = distanceLoss("abs(difference)", 1, "sign(difference)");

/** One against all, with a margin. */
export const hingeLoss: KernelFactory = (gpu, { name, param, propagateDown }) => {
  if (propagateDown[1]) return undefined; // The host says that labels have no gradient.
  const isL2 = withDefaults("HingeLossParameter", param.hingeLossParam).norm === "L2";
  return labelledKernel(gpu, ([x, labels], [loss], scratch) => {
    const items = x!.shape[0]!;
    const classes = x!.count / items;
    const sources = { x: reads(x!), labels: reads(labels!) };
    const margin = (v: Names) => `    let label = i32(${v.labels}[i / ${classes}u]);
    let side = select(-1.0, 1.0, label == i32(i % ${classes}u));
    let distance = 1.0 - side * ${v.x}[i];
    let margin = select(max(0.0, distance), distance, is_nan(distance));`;
    return {
      forward: lossTasks(scratch, {
        label: `${name} forward`,
        values: x!.count,
        args: sources,
        step: (v) => `${margin(v)}
    s.s0 += ${isL2 ? "margin * margin" : "margin"};
    if (label < 0 || label >= ${classes}) { s.s2 += 1.0; }`,
        functions: isNan + nanOf,
        divisor: float(items),
        loss: loss!,
      }),
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { ...sources, dy: readsDiff(loss!), dx: writesDiff(x!) },
            (v) => `${margin(v)}
  let slope = ${isL2 ? "2.0 * margin" : "sign(margin)"};
  ${v.dx}[i] = -side * ${v.dy}[0] * ${float(1 / items)} * slope;`,
            isNan,
          ),
        ],
      ],
    };
  });
};

export interface LossSpec {
  readonly label: string;
  readonly values: number;
  readonly args: Readonly<Record<string, Argument>>;
  /** Adds the loss of value `i` to `s.s0`, 1 to `s.s1` where it counts, and 1 to `s.s2` where its label is none. */
  readonly step: (names: Names) => string;
  /** With `nanOf`, where labels are counted that are none. */
  readonly functions?: string;
  /** What the sum is divided by, of `total.s1`. */
  readonly divisor: string;
  readonly loss: Blob;
  /** Where the divisor is kept for the way back. */
  readonly kept?: Argument;
}

/** The sum over all values, divided. */
export function lossTasks(scratch: Scratch, spec: LossSpec): TaskSpec<string>[] {
  const { label, values, args, step, functions = "", divisor, loss, kept } = spec;
  const checksLabels = functions.includes(nanOf);
  const value = "total.s0 / divisor";
  return foldTasks(scratch, {
    label,
    rows: { outer: 1, rows: 1, inner: values },
    fold: sums(checksLabels ? 3 : 2, step),
    args,
    results: { loss: writes(loss), ...(kept ? { kept } : {}) },
    finish: (v) => `let divisor = ${divisor};
    ${kept ? `${v.kept}[0] = divisor;` : ""}
    ${v.loss}[0] = ${checksLabels ? `select(${value}, nan_of(total.s2), total.s2 > 0.0)` : value};`,
    functions,
  });
}

/** The number that a sum is divided by; never below 1 (support/loss.ts). */
export function divisorOf(mode: Normalization, outer: number, inner: number): string {
  if (mode === "VALID") return "max(1.0, total.s1)";
  if (mode === "NONE") return "1.0";
  return float(Math.max(1, mode === "BATCH_SIZE" ? outer : outer * inner));
}

/** Whether a label is to be left out, as a WGSL condition. */
function ignores(label: string, ignored: number | undefined): string {
  return ignored === undefined ? "false" : `${label} == ${ignored}`;
}
