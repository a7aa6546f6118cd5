import { expect, test } from "vitest";
import type { ConvolutionShape } from "../../src/core/engine.ts";
import { Heap } from "../../src/core/heap.ts";
import { createEngine } from "../../src/math/index.ts";
import { engines } from "../support/engines.ts";

/** One channel a group without stride: a plan with two sets of tables, in WebAssembly. */
const shape: ConvolutionShape = {
  ...{ images: 1, groups: 2, imageChannels: 2, outChannels: 2 },
  ...{ image: [40, 40], out: [40, 40], kernel: [3, 3] },
  ...{ stride: [1, 1], pad: [1, 1], dilation: [1, 1] },
};

/** Takes all memory that there is, holes included. */
function fillUp(heap: Heap): void {
  for (let bytes = 2 ** 31; bytes >= 64; bytes /= 2) {
    while (heap.limitBytes - heap.usedBytes >= bytes) {
      try {
        heap.allocate(bytes);
      } catch {
        break;
      }
    }
  }
}

test.each(engines)(
  "a plan that finds no memory for a table leaves none behind (%s)",
  (_, options) => {
    const heap = new Heap();
    const engine = createEngine(heap, { ...options, threads: 1 });
    // The first plan also reserves scratch memory, which stays.
    engine.planConvolution(shape).dispose();
    const start = heap.usedBytes;
    const plan = engine.planConvolution(shape);
    const needed = heap.usedBytes - start;
    expect(needed).toBeGreaterThan(6400);
    plan.dispose();
    plan.dispose();
    expect(heap.usedBytes).toBe(start);
    const kept = heap.allocate(needed);
    fillUp(heap);
    heap.free(kept);
    for (let free = needed; free > 256; free -= 256) {
      heap.allocate(256);
      const before = heap.usedBytes;
      expect(() => engine.planConvolution(shape), `${free} bytes`).toThrow("cannot reserve");
      expect(heap.usedBytes, `${free} bytes`).toBe(before);
    }
    engine.dispose();
  },
);
