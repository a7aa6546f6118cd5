import { describe, expect, test } from "vitest";
import {
  DOT_LANES,
  TILES,
  type ProductSizes,
  chooseStrategy,
  invocations,
  workgroupBytes,
} from "../../../src/device/webgpu/products/strategy.ts";

const MEMORY = 32_768;
const choose = (rows: number, columns: number, depth: number, more: Partial<ProductSizes> = {}) =>
  chooseStrategy({ rows, columns, depth, batches: 1, isAlongDepth: false, ...more }, MEMORY);

describe("tiles", () => {
  test.each(TILES.map((tile) => [`${tile.rows} x ${tile.columns}`, tile] as const))(
    "%s: its workgroup divides evenly into what it reads",
    (_, tile) => {
      const lanes = invocations(tile);
      expect(lanes).toBeGreaterThanOrEqual(64);
      expect(lanes).toBeLessThanOrEqual(256);
      for (const part of [tile.rows / 4, tile.columns / 4, tile.depth, tile.depth / 4]) {
        expect(lanes % part).toBe(0);
      }
      expect(tile.rows % (4 * tile.rowVectors)).toBe(0);
      expect(tile.columns % (4 * tile.columnVectors)).toBe(0);
      expect(workgroupBytes(tile)).toBeLessThanOrEqual(MEMORY);
    },
  );
});

describe("the strategy", () => {
  test("takes large tiles for large products, whole", () => {
    const strategy = choose(4096, 9216, 81);
    expect(strategy).toMatchObject({ kind: "tiles", splits: 1 });
    if (strategy.kind !== "tiles") return;
    expect(strategy.tile.rows * strategy.tile.columns).toBeGreaterThanOrEqual(64 * 64);
  });

  test("cuts the sums of small results, so that the whole GPU works", () => {
    const strategy = choose(256, 196, 147_456);
    if (strategy.kind !== "tiles") throw new Error(strategy.kind);
    const { tile, splits, chunk } = strategy;
    const groups = Math.ceil(256 / tile.rows) * Math.ceil(196 / tile.columns) * splits;
    expect(groups).toBeGreaterThanOrEqual(128);
    expect(splits * chunk).toBeGreaterThanOrEqual(147_456);
    expect((splits - 1) * chunk).toBeLessThan(147_456);
  });

  test("fits tiles to narrow results: 81 columns are one tile of 96", () => {
    expect(choose(4096, 81, 9216)).toMatchObject({ tile: { columns: 96 } });
  });

  test("gives few rows a flat tile", () => {
    expect(choose(4, 100_000, 256)).toMatchObject({ kind: "tiles", tile: { rows: 4 } });
    expect(choose(100_000, 4, 256)).toMatchObject({ kind: "tiles", tile: { columns: 4 } });
  });

  test("multiplies a matrix with a vector row by row", () => {
    expect(choose(1, 4096, 9216, { isAlongDepth: true })).toEqual({
      kind: "dots",
      splits: 1,
      chunk: 9216,
    });
  });

  test("sums a few long rows up in many parts", () => {
    const strategy = choose(8, 1, 262_144, { isAlongDepth: true });
    if (strategy.kind !== "dots") throw new Error(strategy.kind);
    expect(strategy.splits).toBeGreaterThan(8);
    expect(strategy.chunk).toBeGreaterThanOrEqual(16 * DOT_LANES);
  });

  test("leaves short sums to one invocation each: depthwise kernels, outer products", () => {
    expect(choose(1, 12_544, 9, { batches: 64 })).toEqual({ kind: "direct" });
    expect(choose(4096, 9216, 1)).toEqual({ kind: "direct" });
  });

  test("keeps to the number of workgroups that one axis takes", () => {
    const strategy = choose(4, 9, 100_000, { batches: 1_000 });
    if (strategy.kind === "direct") throw new Error("of so long a sum");
    expect(strategy.splits * 1_000).toBeLessThanOrEqual(65_535);
    expect(choose(4, 9, 200, { batches: 70_000 })).toEqual({ kind: "direct" });
  });

  test("keeps to the workgroup memory that there is", () => {
    const strategy = chooseStrategy(
      { rows: 4, columns: 100_000, depth: 256, batches: 1, isAlongDepth: false },
      16_384,
    );
    if (strategy.kind !== "tiles") throw new Error(strategy.kind);
    expect(workgroupBytes(strategy.tile)).toBeLessThanOrEqual(16_384);
  });
});
