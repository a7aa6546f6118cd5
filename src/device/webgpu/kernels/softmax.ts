/** @file Softmax on the GPU. */
import type { Blob } from "../../../core/blob.ts";
import type { SyncedMemory } from "../../../core/synced-memory.ts";
import { axisOf } from "../../../layers/support/axis.ts";
import { type AxisView, viewAround } from "../../../layers/support/softmax.ts";
import { withDefaults } from "../../../schema/index.ts";
import { expOf } from "../functions.ts";
import { type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { WORKGROUP, flatTask, gridFor } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";

/** Channels side by side from which on a workgroup computes a position, not a single invocation. */
const LONG_ROW = 64;

/** y = e^x / sum of e^x,  dx = (dy - sum of dy y) y along an axis. */
export const softmax: KernelFactory = (gpu, request) => {
  const { name, param } = request;
  const { axis } = withDefaults("SoftmaxParameter", param.softmaxParam);
  return shapedKernel(gpu, ([x], [y]) => {
    const along = axisOf(settled(request), x!.shape, axis, "softmaxParam.axis");
    const view = viewAround(x!.shape, along);
    return {
      forward: [softmaxTask(`${name} forward`, view, x!, y!)],
      bottoms: [[softmaxGradient(`${name} backward`, view, x!, y!)]],
    };
  });
};

/** The softmax of a blob along an axis. */
export function softmaxTask(
  label: string,
  view: AxisView,
  x: Blob,
  y: Blob | SyncedMemory,
): TaskSpec<string> {
  const args = { x: reads(x), y: writes(y) };
  if (view.inner === 1 && view.channels >= LONG_ROW) {
    return rowTask(
      label,
      view,
      args,
      (v) => `${shared(
        `
  var largest = ${v.x}[first];
  for (var c = lane; c < CHANNELS; c += LANES) {
    let value = ${v.x}[first + c];
    largest = select(largest, value, value > largest);
  }`,
        "largest",
        "select(a, b, b > a)",
      )}${shared(
        `
  var sum = 0.0;
  for (var c = lane; c < CHANNELS; c += LANES) { sum += exp_of(${v.x}[first + c] - largest_of_all); }`,
        "sum",
        "a + b",
      )}
  for (var c = lane; c < CHANNELS; c += LANES) {
    ${v.y}[first + c] = exp(${v.x}[first + c] - largest_of_all) / sum_of_all;
  }`,
    );
  }
  return flatTask(
    label,
    view.outer * view.inner,
    args,
    (v) => `${position(view)}
  var largest = ${v.x}[first];
  for (var at = first; at < end; at += STRIDE) {
    let value = ${v.x}[at];
    largest = select(largest, value, value > largest);
  }
  var sum = 0.0;
  for (var at = first; at < end; at += STRIDE) { sum += exp_of(${v.x}[at] - largest); }
  for (var at = first; at < end; at += STRIDE) { ${v.y}[at] = exp(${v.x}[at] - largest) / sum; }`,
    constants(view),
  );
}

function softmaxGradient(label: string, view: AxisView, x: Blob, y: Blob): TaskSpec<string> {
  const args = { y: reads(y), dy: readsDiff(y), dx: writesDiff(x) };
  if (view.inner === 1 && view.channels >= LONG_ROW) {
    return rowTask(
      label,
      view,
      args,
      (v) => `${shared(
        `
  var product = 0.0;
  for (var c = lane; c < CHANNELS; c += LANES) { product += ${v.dy}[first + c] * ${v.y}[first + c]; }`,
        "product",
        "a + b",
      )}
  for (var c = lane; c < CHANNELS; c += LANES) {
    ${v.dx}[first + c] = (${v.dy}[first + c] - product_of_all) * ${v.y}[first + c];
  }`,
    );
  }
  return flatTask(
    label,
    view.outer * view.inner,
    args,
    (v) => `${position(view)}
  var product = 0.0;
  for (var at = first; at < end; at += STRIDE) { product += ${v.dy}[at] * ${v.y}[at]; }
  for (var at = first; at < end; at += STRIDE) { ${v.dx}[at] = (${v.dy}[at] - product) * ${v.y}[at]; }`,
    constants(view),
  );
}

/** Where the channels of position `i` begin and end. */
function position({ channels, inner }: AxisView): string {
  return `  let first = i / ${inner}u * ${channels * inner}u + i % ${inner}u;
  let end = first + ${channels * inner}u;`;
}

function constants({ channels, inner }: AxisView): string {
  return `${expOf}const CHANNELS = ${channels}u;\nconst STRIDE = ${inner}u;\n`;
}

/** One workgroup for each row of channels, which begins at `first`. */
function rowTask<Name extends string>(
  label: string,
  view: AxisView,
  args: TaskSpec<Name>["args"],
  body: TaskSpec<Name>["code"],
): TaskSpec<Name> {
  const [width, height] = gridFor(view.outer * WORKGROUP);
  return {
    label,
    args,
    groups: [width, height],
    code: (names) => /* wgsl */ `${constants(view)}const LANES = ${WORKGROUP}u;
var<workgroup> shares: array<f32, LANES>;
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * ${width}u + group.x;
  if (row >= ${view.outer}u) { return; }
  let first = row * CHANNELS;
${body(names)}
}`,
  };
}

/**
 * Joins a value of each lane into `NAME_of_all`.
 * @param compute sets the variable `name`
 * @param merge the expression of `a` and `b` together
 */
function shared(compute: string, name: string, merge: string): string {
  return `${compute}
  shares[lane] = ${name};
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (lane < distance) {
      let a = shares[lane];
      let b = shares[lane + distance];
      shares[lane] = ${merge};
    }
  }
  let ${name}_of_all = workgroupUniformLoad(&shares[0]);`;
}
