/** @file The solvers' updates on the GPU. */
import { SyncedMemory } from "../../core/synced-memory.ts";
import type { DeviceUpdater, UpdatedParameter } from "../device.ts";
import type { SolverType, UpdateConstants } from "../update.ts";
import type { Gpu } from "./gpu.ts";
import {
  type Argument,
  type Task,
  type TaskSpec,
  createTask,
  reads,
  readsDiff,
  updates,
  updatesDiff,
  writes,
} from "./task.ts";
import { WORKGROUP, flatTask, float } from "./wgsl.ts";

/** Workgroups that sum up the squares of a gradient. */
const PARTIAL_SUMS = 64;

/**
 * What a solver does with a gradient `g`, already scaled and regularised: it sets `u`, which is taken
 * from the weight. `h` and `h2` are the histories, `rate` is the rate times lr_mult.
 */
type Rule = (c: Readonly<Record<keyof Omit<UpdateConstants, "regularization">, string>>) => string;

/** As src/solver has them, one file a type. `correction` is Adam's factor of the rate. */
const rules: Readonly<Record<SolverType, Rule>> = {
  SGD: (c) => `
  h[i] = rate * g + ${c.momentum} * h[i];
  let u = h[i];`,
  Nesterov: (c) => `
  let before = h[i];
  let now = rate * g + ${c.momentum} * before;
  h[i] = now;
  let u = (1.0 + ${c.momentum}) * now - ${c.momentum} * before;`,
  AdaGrad: (c) => `
  let sum = h[i] + g * g;
  h[i] = sum;
  let u = rate * g / (sqrt(sum) + ${c.delta});`,
  RMSProp: (c) => `
  let mean = ${c.rmsDecay} * h[i] + (1.0 - ${c.rmsDecay}) * g * g;
  h[i] = mean;
  let u = rate * g / (sqrt(mean) + ${c.delta});`,
  AdaDelta: (c) => `
  let mean = ${c.momentum} * h[i] + (1.0 - ${c.momentum}) * g * g;
  h[i] = mean;
  let step = g * sqrt((h2[i] + ${c.delta}) / (mean + ${c.delta}));
  h2[i] = ${c.momentum} * h2[i] + (1.0 - ${c.momentum}) * step * step;
  let u = rate * step;`,
  Adam: (c) => `
  let mean = ${c.momentum} * h[i] + (1.0 - ${c.momentum}) * g;
  let square = ${c.momentum2} * h2[i] + (1.0 - ${c.momentum2}) * g * g;
  h[i] = mean;
  h2[i] = square;
  let u = rate * step_values[2] * mean / (sqrt(square) + ${c.delta});`,
};

/** Prepares the update of parameters whose gradients the GPU computes. */
export function createUpdater(
  gpu: Gpu,
  type: SolverType,
  constants: UpdateConstants,
  params: readonly UpdatedParameter[],
): DeviceUpdater {
  // The rate, the scale and Adam's correction, which go over when one of them changes.
  const values = new SyncedMemory(gpu.heap, 4);
  const sums = new SyncedMemory(gpu.heap, Math.max(1, params.length) * PARTIAL_SUMS);
  const tasks = params.map((param) => createTask(gpu, updateTask(type, constants, param, values)));
  const norms = params.map((param, index) => createTask(gpu, squares(param, index, sums)));
  return {
    async squaredNorm() {
      run(norms);
      await sums.bringToHost();
      return sums.hostView(params.length * PARTIAL_SUMS).reduce((sum, value) => sum + value, 0);
    },
    apply(rate, scale, iter) {
      const t = iter + 1;
      const { momentum, momentum2 } = constants;
      const correction = Math.sqrt(1 - momentum2 ** t) / (1 - momentum ** t);
      setValues(values, [rate, scale, type === "Adam" ? correction : 1]);
      run(tasks);
    },
    dispose() {
      values.release();
      sums.release();
    },
  };
}

function run(tasks: readonly Task[]): void {
  for (const task of tasks) task.run();
}

function setValues(memory: SyncedMemory, values: readonly number[]): void {
  const host = memory.hostView();
  if (values.every((value, i) => host[i] === Math.fround(value))) return;
  host.set(values);
  memory.newest = "host";
}

function updateTask(
  type: SolverType,
  constants: UpdateConstants,
  { blob, history, lrMult, decay }: UpdatedParameter,
  values: SyncedMemory,
): TaskSpec<string> {
  const literals = {
    momentum: float(constants.momentum),
    momentum2: float(constants.momentum2),
    rmsDecay: float(constants.rmsDecay),
    delta: float(constants.delta),
  };
  const penalty = constants.regularization === "L1" ? "sign(w[i])" : "w[i]";
  const args: Record<string, Argument> = {
    step_values: reads(values),
    w: updates(blob),
    d: updatesDiff(blob),
    h: updates(history[0]!),
    ...(history[1] ? { h2: updates(history[1]) } : {}),
  };
  return flatTask(`${type} update`, blob.count, args, () => {
    const decayed = decay === 0 ? "" : ` + ${float(decay)} * ${penalty}`;
    return `  let rate = step_values[0] * ${float(lrMult)};
  let g = step_values[1] * d[i]${decayed};${rules[type](literals)}
  d[i] = u;
  w[i] -= u;`;
  });
}

/** Each of the workgroups sums up the squares of its share. */
function squares({ blob }: UpdatedParameter, index: number, sums: SyncedMemory): TaskSpec<string> {
  const stride = PARTIAL_SUMS * WORKGROUP;
  return {
    label: "gradient norm",
    args: { d: readsDiff(blob), sums: index === 0 ? writes(sums) : updates(sums) },
    groups: [PARTIAL_SUMS],
    code: () => /* wgsl */ `
var<workgroup> shares: array<f32, ${WORKGROUP}>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u) {
  var sum = 0.0;
  for (var i = at.x; i < ${blob.count}u; i += ${stride}u) { sum += d[i] * d[i]; }
  shares[lane] = sum;
  for (var step = ${WORKGROUP / 2}u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { shares[lane] += shares[lane + step]; }
  }
  if (lane == 0u) { sums[${index * PARTIAL_SUMS}u + group.x] = shares[0]; }
}`,
  };
}
