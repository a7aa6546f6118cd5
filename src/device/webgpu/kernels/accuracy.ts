/** @file Accuracy and ArgMax on the GPU. */
import { axisOf } from "../../../layers/support/axis.ts";
import { viewAround } from "../../../layers/support/softmax.ts";
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import { isNan, nanOf } from "../functions.ts";
import { reads, writes } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, labelledKernel, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";

/** Values that one invocation keeps in order, at most. */
const MAX_TOP_K = 16;

/** How often fewer than top_k other classes score at least as high as the label's. */
export const accuracy: KernelFactory = (gpu, request) => {
  const { name, param, propagateDown } = request;
  if (propagateDown.includes(true)) return undefined; // The host says that there is no gradient.
  const { axis, topK, ignoreLabel } = withDefaults("AccuracyParameter", param.accuracyParam);
  return labelledKernel(gpu, ([x, labels], [top, perClass], scratch) => {
    const along = axisOf(settled(request), x!.shape, axis, "accuracyParam.axis");
    const { outer, channels, inner } = viewAround(x!.shape, along);
    const positions = outer * inner;
    // 1: right, 0: wrong, -1: left out, -2: a label that is none.
    const verdicts = scratch(positions);
    const ratio = "select(total.s0 / total.s1, 0.0, total.s1 == 0.0)";
    const checked = `select(${ratio}, nan_of(total.s2), total.s2 > 0.0)`;
    return {
      forward: [
        flatTask(
          `${name} verdicts`,
          positions,
          { x: reads(x!), labels: reads(labels!), verdicts: writes(verdicts) },
          (v) => `  let label = i32(${v.labels}[i]);
  if (${ignoreLabel === undefined ? "false" : `label == ${ignoreLabel}`}) {
    ${v.verdicts}[i] = -1.0;
    return;
  }
  if (label < 0 || label >= ${channels}) {
    ${v.verdicts}[i] = -2.0;
    return;
  }
  let first = i / ${inner}u * ${channels * inner}u + i % ${inner}u;
  let own = ${v.x}[first + u32(label) * ${inner}u];
  var better = -1; // The class itself is counted too.
  for (var c = 0u; c < ${channels}u; c++) {
    let score = ${v.x}[first + c * ${inner}u];
    if (score >= own && !is_nan(score) && !is_nan(own)) { better++; }
  }
  ${v.verdicts}[i] = select(0.0, 1.0, better < ${topK});`,
          isNan,
        ),
        ...foldTasks(scratch, {
          label: `${name} forward`,
          rows: { outer: 1, rows: 1, inner: positions },
          fold: sums(
            3,
            (v) => `    let verdict = ${v.verdicts}[i];
    if (verdict >= 0.0) { s.s0 += verdict; s.s1 += 1.0; }
    if (verdict < -1.0) { s.s2 += 1.0; }`,
          ),
          args: { verdicts: reads(verdicts) },
          results: { top: writes(top!) },
          finish: (v) => `${v.top}[0] = ${checked};`,
          functions: nanOf,
        }),
        ...(perClass
          ? foldTasks(scratch, {
              label: `${name} classes`,
              rows: { outer: 1, rows: channels, inner: positions },
              fold: sums(
                2,
                (v) => `    let verdict = ${v.verdicts}[at];
    if (verdict >= 0.0 && i32(${v.labels}[at]) == i32(row)) { s.s0 += verdict; s.s1 += 1.0; }`,
              ),
              args: { verdicts: reads(verdicts), labels: reads(labels!) },
              results: { top: writes(perClass) },
              finish: (v) => `${v.top}[row] = ${ratio};`,
            })
          : []),
      ],
    };
  });
};

/** The places of the largest values; of equals the later first. */
export const argMax: KernelFactory = (gpu, request) => {
  const { name, param, propagateDown } = request;
  const { axis, topK, outMaxVal } = withDefaults("ArgMaxParameter", param.argmaxParam);
  if (topK > MAX_TOP_K) return undefined; // Rare, and too much for the registers.
  if (propagateDown[0]) return undefined; // The host says that there is no gradient.
  return shapedKernel(gpu, ([x], [y]) => {
    const { shape } = x!;
    const { outer, channels, inner } =
      axis === undefined
        ? { outer: shape[0]!, channels: count(shape, 1), inner: 1 }
        : viewAround(shape, axisOf(settled(request), shape, axis, "argmaxParam.axis"));
    const hasBoth = axis === undefined && outMaxVal;
    const result = outMaxVal && !hasBoth ? "values[k]" : "f32(places[k])";
    return {
      forward: [
        flatTask(
          `${name} forward`,
          outer * inner,
          { x: reads(x!), y: writes(y!) },
          (v) => `  let first = i / ${inner}u * ${channels * inner}u + i % ${inner}u;
  var values: array<f32, ${topK}>;
  var places: array<u32, ${topK}>;
  for (var c = 0u; c < ${channels}u; c++) {
    let value = ${v.x}[first + c * ${inner}u];
    var k = min(c, ${topK}u);
    while (k > 0u && !(value < values[k - 1u])) { k--; }
    if (k == ${topK}u) { continue; }
    for (var j = min(c, ${topK - 1}u); j > k; j--) {
      values[j] = values[j - 1u];
      places[j] = places[j - 1u];
    }
    values[k] = value;
    places[k] = c;
  }
  let start = i / ${inner}u * ${(hasBoth ? 2 : 1) * topK * inner}u + i % ${inner}u;
  for (var k = 0u; k < ${topK}u; k++) {
    ${v.y}[start + k * ${inner}u] = ${result};
    ${hasBoth ? `${v.y}[start + ${topK}u + k] = values[k];` : ""}
  }`,
        ),
      ],
    };
  });
};
