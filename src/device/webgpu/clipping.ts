/** @file clip_gradients on the GPU: the norm of all gradients, and what makes it small enough. */
import type { SyncedMemory } from "../../core/synced-memory.ts";
import type { Gpu } from "./gpu.ts";
import { RING_SIZE, createRing } from "./ring.ts";
import type { Scratch } from "./scratch.ts";
import { createTask, reads, updates, writes } from "./task.ts";
import { float } from "./wgsl.ts";

export interface Clipping {
  /** One float: what gradients are to be multiplied with. */
  readonly factor: SyncedMemory;
  /** Computes the factor from the squares. */
  run(): void;
  /** The last `count` norms, the oldest first. */
  read(count: number): Promise<Float32Array>;
  dispose(): void;
}

const LANES = 64;

/**
 * Scales gradients down to a norm of `limit` at most (BVLC ClipGradients).
 * @param squares the sums of the squares of `count` gradients
 */
export function createClipping(
  gpu: Gpu,
  scratch: Scratch,
  squares: SyncedMemory,
  count: number,
  limit: number,
): Clipping {
  const norms = createRing(gpu);
  const factor = scratch(1);
  let total = 0;
  const task = createTask(gpu, {
    label: "gradient clipping",
    args: { squares: reads(squares), factor: writes(factor), norms: updates(norms.memory) },
    groups: [1],
    code: () => /* wgsl */ `
var<workgroup> shares: array<f32, ${LANES}>;
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
  var share = 0.0;
  for (var i = lane; i < ${count}u; i += ${LANES}u) { share += squares[i]; }
  shares[lane] = share;
  for (var step = ${LANES / 2}u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { shares[lane] += shares[lane + step]; }
  }
  if (lane == 0u) {
    let norm = sqrt(shares[0]);
    factor[0] = select(1.0, ${float(limit)} / norm, norm > ${float(limit)});
    let slot = u32(norms[0]);
    norms[1u + slot] = norm;
    norms[0] = f32((slot + 1u) % ${RING_SIZE}u);
  }
}`,
  });
  return {
    factor,
    run() {
      total++;
      task.run();
    },
    read: (wanted) => norms.read(wanted, total),
    dispose: () => norms.memory.release(),
  };
}
