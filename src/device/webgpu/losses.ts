/** @file The losses of the last passes, in a ring on the GPU. */
import type { Blob } from "../../core/blob.ts";
import type { SyncedMemory } from "../../core/synced-memory.ts";
import type { LossLog } from "../device.ts";
import type { Gpu } from "./gpu.ts";
import { RING_SIZE as SIZE, createRing } from "./ring.ts";
import { type Task, createTask, reads, updates, writesDiff } from "./task.ts";
import { WORKGROUP, float } from "./wgsl.ts";

/** Makes a log whose ring has one number a pass. */
export function createLossLog(gpu: Gpu): LossLog {
  const log = createRing(gpu);
  const ring = log.memory;
  const tasks = new Map<Blob, { weight: number; task: Task }>();
  let passes = 0;
  const opening = createTask(gpu, {
    label: "start of a pass",
    args: { ring: updates(ring) },
    groups: [1],
    code: () => /* wgsl */ `
@compute @workgroup_size(1)
fn main() {
  ring[1u + u32(ring[0]) % ${SIZE}u] = 0.0;
  ring[0] = f32((u32(ring[0]) + 1u) % ${SIZE}u);
}`,
  });
  return {
    size: SIZE,
    start() {
      passes++;
      opening.run();
    },
    add(top, weight) {
      let known = tasks.get(top);
      if (known?.weight !== weight) {
        known = { weight, task: addition(gpu, ring, top, weight) };
        tasks.set(top, known);
      }
      known.task.run();
    },
    read: (count) => log.read(count, passes),
    dispose: () => ring.release(),
  };
}

/** One workgroup sums a top up; tops with losses are small. */
function addition(gpu: Gpu, ring: SyncedMemory, top: Blob, weight: number): Task {
  const count = top.count;
  return createTask(gpu, {
    label: "loss",
    args: { ring: updates(ring), top: reads(top), diff: writesDiff(top) },
    groups: [1],
    code: (v) => /* wgsl */ `
var<workgroup> sums: array<f32, ${WORKGROUP}>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < ${count}u; i += ${WORKGROUP}u) {
    sum += ${v.top}[i];
    ${v.diff}[i] = ${float(weight)};
  }
  sums[lane] = sum;
  for (var step = ${WORKGROUP / 2}u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { sums[lane] += sums[lane + step]; }
  }
  if (lane == 0u) {
    let slot = (u32(${v.ring}[0]) + ${SIZE - 1}u) % ${SIZE}u;
    ${v.ring}[1u + slot] += ${float(weight)} * sums[0];
  }
}`,
  });
}
