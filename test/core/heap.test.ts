import fc from "fast-check";
import { expect, test } from "vitest";
import { HEAP_BASE, Heap } from "../../src/core/heap.ts";
import { CaffeError } from "../../src/errors.ts";

test("hands out zeroed blocks at multiples of 64 that do not overlap", () => {
  const heap = new Heap();
  const size = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.boolean()), { maxLength: 60 }), (steps) => {
      const live: { start: number; bytes: number }[] = [];
      for (const [bytes, release] of steps) {
        if (release && live.length) heap.free(live.shift()!.start);
        const start = heap.allocate(bytes);
        expect(start % 64).toBe(0);
        expect(start).toBeGreaterThanOrEqual(HEAP_BASE);
        const view = new Uint8Array(heap.memory.buffer, start, bytes);
        expect(view.every((byte) => byte === 0)).toBe(true);
        view.fill(255);
        for (const other of live) {
          expect(start + bytes <= other.start || other.start + other.bytes <= start).toBe(true);
        }
        live.push({ start, bytes });
      }
      for (const { start } of live) heap.free(start);
      expect(heap.usedBytes).toBe(0);
    }),
    { seed: 1701, numRuns: 50 },
  );
});

test("uses freed memory again, neighbours as one block", () => {
  const heap = new Heap();
  const blocks = [1000, 1000, 1000].map((bytes) => heap.allocate(bytes));
  for (const block of blocks.toReversed()) heap.free(block);
  expect(heap.allocate(3000)).toBe(blocks[0]);
});

test("refuses more than there is, and stays usable", () => {
  const heap = new Heap();
  expect(() => heap.allocate(2 ** 32)).toThrow(CaffeError);
  expect(heap.usedBytes).toBe(0);
  expect(heap.allocate(64)).toBe(HEAP_BASE);
});

test("counts what is in use and the most that ever was", () => {
  const heap = new Heap();
  const first = heap.allocate(640);
  heap.allocate(64);
  heap.free(first);
  expect([heap.usedBytes, heap.peakBytes]).toEqual([64, 704]);
});
