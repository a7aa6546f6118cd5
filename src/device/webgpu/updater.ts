/** @file The solvers' updates on the GPU. */
import type { SyncedMemory } from "../../core/synced-memory.ts";
import type { DeviceUpdater, UpdatedParameter } from "../device.ts";
import type { SolverType, UpdateConstants } from "../update.ts";
import { createClipping } from "./clipping.ts";
import { foldTasks, sums } from "./fold.ts";
import type { Gpu } from "./gpu.ts";
import { RING_SIZE } from "./ring.ts";
import { type Scratch, scratchOf } from "./scratch.ts";
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
import { flatTask, float } from "./wgsl.ts";

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
  limit?: number,
): DeviceUpdater {
  // The rate, the scale and Adam's correction, which go over when one of them changes.
  const { scratch, release } = scratchOf(gpu);
  const values = scratch(4);
  const norms = scratch(Math.max(1, params.length));
  const clipping =
    limit === undefined ? undefined : createClipping(gpu, scratch, norms, params.length, limit);
  const tasks = params.map((param) =>
    createTask(gpu, updateTask(type, constants, param, values, clipping?.factor)),
  );
  const normTasks = params
    .flatMap((param, index) => squares(scratch, param, index, norms))
    .map((spec) => createTask(gpu, spec));
  return {
    async squaredNorm() {
      run(normTasks);
      await norms.bringToHost();
      return norms.hostView(params.length).reduce((sum, value) => sum + value, 0);
    },
    normsKept: RING_SIZE,
    readNorms: async (count) => (await clipping?.read(count)) ?? new Float32Array(0),
    apply(rate, scale, iter) {
      const t = iter + 1;
      const { momentum, momentum2 } = constants;
      const correction = Math.sqrt(1 - momentum2 ** t) / (1 - momentum ** t);
      setValues(values, [rate, scale, type === "Adam" ? correction : 1]);
      if (clipping) {
        run(normTasks);
        clipping.run();
      }
      run(tasks);
    },
    dispose() {
      clipping?.dispose();
      release();
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
  factor: SyncedMemory | undefined,
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
    ...(factor ? { factor: reads(factor) } : {}),
    w: updates(blob),
    d: updatesDiff(blob),
    h: updates(history[0]!),
    ...(history[1] ? { h2: updates(history[1]) } : {}),
  };
  return flatTask(`${type} update`, blob.count, args, () => {
    const decayed = decay === 0 ? "" : ` + ${float(decay)} * ${penalty}`;
    return `  let rate = step_values[0] * ${float(lrMult)};
  let g = step_values[1]${factor ? " * factor[0]" : ""} * d[i]${decayed};${rules[type](literals)}
  d[i] = u;
  w[i] -= u;`;
  });
}

/** The sum of the squares of a gradient, as one of `norms`. */
function squares(
  scratch: Scratch,
  { blob }: UpdatedParameter,
  index: number,
  norms: SyncedMemory,
): TaskSpec<string>[] {
  return foldTasks(scratch, {
    label: "gradient norm",
    rows: { outer: 1, rows: 1, inner: blob.count },
    fold: sums(1, (v) => `    s.s0 += ${v.d}[i] * ${v.d}[i];`),
    args: { d: readsDiff(blob) },
    results: { norms: index === 0 ? writes(norms) : updates(norms) },
    finish: (v) => `${v.norms}[${index}] = total.s0;`,
  });
}
