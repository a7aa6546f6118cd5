/** @file A product on the GPU, held against its definition. */
import { createRandom } from "../../src/core/random.ts";
import { SyncedMemory } from "../../src/core/synced-memory.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { matrix } from "../../src/device/webgpu/products/matrix.ts";
import type { Product } from "../../src/device/webgpu/products/product.ts";
import type { Strategy } from "../../src/device/webgpu/products/strategy.ts";
import { productTasks } from "../../src/device/webgpu/products/tasks.ts";
import { createTask, reads, updates, writes } from "../../src/device/webgpu/task.ts";
import { expectClose } from "./allclose.ts";

export interface ProductCase {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly batches?: number;
  /** Whether a, b have neighbours along the depth. */
  readonly along: readonly [boolean, boolean];
  readonly adds?: boolean;
  readonly depthOf?: readonly number[];
}

/** A sum in one part. */
export const whole = { splits: 1, chunk: 1 << 20 };

/** Runs a product on the GPU, and on the host in doubles. */
export async function expectProduct(
  gpu: Gpu,
  sizes: ProductCase,
  strategy: Strategy,
  mostWork?: number,
): Promise<void> {
  const { rows, columns, depth, batches = 1, along, adds = false, depthOf } = sizes;
  const random = createRandom(1);
  const memories: SyncedMemory[] = [];
  const memory = (count: number) => {
    const made = new SyncedMemory(gpu.heap, count);
    memories.push(made);
    const values = made.hostView();
    for (let i = 0; i < count; i++) values[i] = random.uniform(-1, 1);
    return made;
  };
  const [a, b] = [memory(batches * rows * depth), memory(batches * columns * depth)];
  const [bias, out] = [memory(rows), memory(batches * rows * columns)];
  const side = (from: SyncedMemory, size: number, isAlongDepth: boolean) =>
    matrix((type) => reads(from, type), {
      outerStride: isAlongDepth ? depth : 1,
      depthStride: isAlongDepth ? 1 : size,
      batchStride: size * depth,
      depth,
    });
  const product: Product = {
    label: "product",
    rows,
    columns,
    depth,
    batches,
    ...(depthOf ? { depthOf: `array<u32, ${batches}>(${depthOf.map((d) => `${d}u`)})[z]` } : {}),
    a: side(a, rows, along[0]),
    b: side(b, columns, along[1]),
    out: adds ? updates(out) : writes(out),
    bias: reads(bias),
    rowCode: `return Target(i32((z * ${rows}u + m) * ${columns}u), bias[m]);`,
    columnCode: "return Target(i32(n), 0.0);",
  };
  const before = out.hostView().slice();
  const tasks = productTasks(gpu, product, strategy, mostWork);
  for (const task of tasks) createTask(gpu, task).run();
  await out.bringToHost();
  gpu.check();
  const [x, y, biases] = [a, b, bias].map((made) => made.hostView()) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const expected = Float32Array.from(before, (value, i) => {
    const [n, m, z] = [i % columns, Math.floor(i / columns) % rows, Math.floor(i / columns / rows)];
    const at = (values: Float32Array, outer: number, size: number, k: number, isAlong: boolean) =>
      values[z * size * depth + (isAlong ? outer * depth + k : k * size + outer)]!;
    let sum = (adds ? value : 0) + biases[m]!;
    for (let k = 0; k < (depthOf?.[z] ?? depth); k++) {
      sum += at(x, m, rows, k, along[0]) * at(y, n, columns, k, along[1]);
    }
    return sum;
  });
  // Sums of some dozens of products of either sign.
  expectClose(out.hostView(), expected, { atol: 3e-6 });
  for (const made of memories) made.release();
}
