import { describe, expect } from "vitest";
import { SyncedMemory } from "../../../src/core/synced-memory.ts";
import { matrix, ones } from "../../../src/device/webgpu/products/matrix.ts";
import type { Product } from "../../../src/device/webgpu/products/product.ts";
import { TILES } from "../../../src/device/webgpu/products/strategy.ts";
import { productTasks } from "../../../src/device/webgpu/products/tasks.ts";
import { createTask, reads, writes } from "../../../src/device/webgpu/task.ts";
import { onGpu } from "../../support/gpu.ts";
import { expectProduct, whole } from "../../support/gpu-product.ts";

describe("a product in tiles", () => {
  const tile = TILES.find(({ rows, columns }) => rows === 32 && columns === 32)!;
  for (const along of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const order = along.map((is) => (is ? "depth" : "outer")).join(" and ");
    onGpu(`reads along ${order}, with and without whole vectors`, async ({ gpu }) => {
      for (const depth of [18, 36]) {
        const sizes = { rows: 32, columns: 40, depth, batches: 2, along };
        await expectProduct(gpu, sizes, { kind: "tiles", tile, ...whole });
      }
    });
  }

  onGpu(
    "adds to what is there, in parts of the sum that a second pass adds up",
    async ({ gpu }) => {
      const sizes = { rows: 9, columns: 33, depth: 70, batches: 3, along: [true, false] } as const;
      await expectProduct(
        gpu,
        { ...sizes, adds: true },
        { kind: "tiles", tile, splits: 3, chunk: 32 },
      );
    },
  );

  onGpu("in several dispatches, where one would keep the GPU for too long", async ({ gpu }) => {
    const sizes = { rows: 40, columns: 90, depth: 20, batches: 2, along: [true, false] } as const;
    const before = gpu.counts.dispatches;
    // Six tiles in three shares, each of which is a third of the work.
    const strategy = { kind: "tiles", tile, ...whole } as const;
    await expectProduct(gpu, sizes, strategy, (40 * 90 * 20 * 2) / 3);
    expect(gpu.counts.dispatches - before).toBe(3);
  });

  onGpu("of a batch whose sums have several lengths, 0 among them", async ({ gpu }) => {
    const sizes = { rows: 5, columns: 6, depth: 40, batches: 3, along: [true, true] } as const;
    const depthOf = [40, 0, 8];
    await expectProduct(gpu, { ...sizes, depthOf }, { kind: "tiles", tile, ...whole });
    await expectProduct(gpu, { ...sizes, depthOf }, { kind: "tiles", tile, splits: 3, chunk: 16 });
    await expectProduct(gpu, { ...sizes, depthOf }, { kind: "direct" });
  });

  onGpu("does nothing without values, and writes the bias without a sum", async ({ gpu }) => {
    await expectProduct(
      gpu,
      { rows: 0, columns: 3, depth: 4, along: [true, true] },
      { kind: "direct" },
    );
    await expectProduct(
      gpu,
      { rows: 2, columns: 3, depth: 0, along: [true, true] },
      { kind: "direct" },
    );
  });
});

describe("a product, value by value", () => {
  const sizes = { rows: 3, columns: 5, depth: 300, batches: 2 };

  onGpu("by a workgroup each, whole and in parts", async ({ gpu }) => {
    for (const along of [
      [true, true],
      [true, false],
    ] as const) {
      await expectProduct(gpu, { ...sizes, along }, { kind: "dots", ...whole });
      await expectProduct(gpu, { ...sizes, along }, { kind: "dots", splits: 3, chunk: 128 });
    }
  });

  onGpu("by an invocation each", async ({ gpu }) => {
    await expectProduct(gpu, { ...sizes, along: [false, true] }, { kind: "direct" });
  });
});

onGpu("a product with ones sums rows up", async ({ gpu }) => {
  const [x, sums] = [new SyncedMemory(gpu.heap, 600), new SyncedMemory(gpu.heap, 2)];
  x.hostView().forEach((_, i, all) => {
    all[i] = i;
  });
  const layout = { outerStride: 300, depthStride: 1, depth: 300 };
  const product: Product = {
    label: "sums",
    rows: 2,
    columns: 1,
    depth: 300,
    batches: 1,
    a: matrix((type) => reads(x, type), layout),
    b: ones,
    out: writes(sums),
    rowCode: "return Target(i32(m), 0.0);",
    columnCode: "return Target(0, 0.0);",
  };
  for (const task of productTasks(gpu, product)) createTask(gpu, task).run();
  await sums.bringToHost();
  expect([...sums.hostView()]).toEqual([(299 * 300) / 2, (299 * 300) / 2 + 300 * 300]);
  x.release();
  sums.release();
});
