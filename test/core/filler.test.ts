import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Blob } from "../../src/core/blob.ts";
import { fill } from "../../src/core/filler.ts";
import { Heap } from "../../src/core/heap.ts";
import { createRandom } from "../../src/core/random.ts";
import type { FillerParameter } from "../../src/schema/index.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const heap = new Heap();

function filled(shape: readonly number[], filler: FillerParameter | undefined, seed = 1701): Blob {
  const blob = new Blob(heap, shape);
  fill(blob, filler, createRandom(seed));
  return blob;
}

const moments = ({ data }: Blob) => {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length;
  return { mean, std: Math.sqrt(variance) };
};

describe("fill", () => {
  test("writes the constant, 0 by default, also into a scalar", () => {
    expect([...filled([3], { type: "constant", value: 2.5 }).data]).toEqual([2.5, 2.5, 2.5]);
    expect([...filled([], { value: 4 }).data]).toEqual([4]);
    expect([...filled([2], undefined).data]).toEqual([0, 0]);
  });

  test("draws uniform values between min and max", () => {
    const { data } = filled([1000], { type: "uniform", min: -2, max: 1 });
    expect(Math.min(...data)).toBeGreaterThanOrEqual(-2);
    expect(Math.min(...data)).toBeLessThan(-1.9);
    expect(Math.max(...data)).toBeGreaterThan(0.9);
    expect(Math.max(...data)).toBeLessThanOrEqual(1);
  });

  test("draws normal values with mean and std", () => {
    const { mean, std } = moments(filled([50, 400], { type: "gaussian", mean: 1, std: 0.5 }));
    expect(mean).toBeCloseTo(1, 1.7);
    expect(std).toBeCloseTo(0.5, 1.7);
  });

  test("keeps sparse values of each output on average", () => {
    const { data } = filled([20, 500], { type: "gaussian", sparse: 5 });
    const kept = data.filter((x) => x !== 0).length / data.length;
    expect(kept).toBeCloseTo(5 / 20, 1);
  });

  test("makes each row of a unit ball sum to 1", () => {
    const { data } = filled([3, 5], { type: "positive_unitball" });
    for (let row = 0; row < 3; row++) {
      const values = data.subarray(5 * row, 5 * row + 5);
      expect(values.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 6);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    }
  });

  // Shape 8 x 4 x 5 x 5: fan in 100, fan out 200, average 150.
  test.each([
    ["FAN_IN", 100],
    ["FAN_OUT", 200],
    ["AVERAGE", 150],
  ] as const)("measures the variance of xavier and msra by %s", (varianceNorm, n) => {
    const shape = [8, 4, 5, 5];
    const xavier = filled(shape, { type: "xavier", varianceNorm });
    expect(Math.max(...xavier.data.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(3 / n) + 1e-7);
    expect(moments(xavier).std * Math.sqrt(n)).toBeCloseTo(1, 1);
    expect(
      moments(filled(shape, { type: "msra", varianceNorm })).std * Math.sqrt(n / 2),
    ).toBeCloseTo(1, 1);
  });

  // Kernel 4: f = 2, c = 3/4, so the weights along an axis are 1/4, 3/4, 3/4, 1/4.
  test("interpolates bilinearly with an even kernel, in every pair of channels", () => {
    const line = [0.25, 0.75, 0.75, 0.25];
    const plane = line.flatMap((y) => line.map((x) => y * x));
    expectClose(filled([2, 2, 4, 4], { type: "bilinear" }).data, Array(4).fill(plane).flat());
  });

  // Kernel 3: f = 2, c = 1/2: 1/2, 1, 1/2.
  test("interpolates bilinearly with an odd kernel", () => {
    const line = [0.5, 1, 0.5];
    expectClose(
      filled([1, 1, 3, 3], { type: "bilinear" }).data,
      line.flatMap((y) => line.map((x) => y * x)),
    );
  });

  // Kernel 5: f = 3, c = 2/3, of which neither is exact: what float32 makes of it is Caffe's.
  test("interpolates bilinearly in float32 steps", () => {
    const r = Math.fround;
    const line = [0, 1, 2, 3, 4].map((x) => r(1 - Math.abs(r(r(x / 3) - r(2 / 3)))));
    const plane = line.flatMap((y) => line.map((x) => r(y * x)));
    expect([...filled([1, 1, 5, 5], { type: "bilinear" }).data]).toEqual(plane);
  });

  test("changes no value of an empty blob", () => {
    expect(filled([0, 3], { type: "xavier" }).data).toHaveLength(0);
  });

  test.each([
    [[2], { type: "foo" }, "Unknown filler name: foo"],
    [[2], { type: "toString" }, "Unknown filler name: toString"],
    [[2], { type: "xavier", sparse: 3 }, "Sparsity not supported by this Filler."],
    [[2], { type: "gaussian", std: 0 }, "std of a gaussian filler must be positive, not 0"],
    [[2, 3], { type: "gaussian", sparse: -2 }, "sparse must be at least 0, or -1 for none"],
    [[2, 3], { type: "gaussian", sparse: 3 }, "must not exceed the number of outputs (2)"],
    [[2], { type: "uniform", min: 1, max: 0 }, "draws from min to max, not from 1 to 0"],
    [[2, 3], { type: "bilinear" }, "Blob must be 4 dim."],
    [[1, 1, 2, 3], { type: "bilinear" }, "Filter must be square, not 2 x 3"],
    [[], { type: "msra" }, "cannot fill a scalar"],
  ])("refuses %j with %j", (shape, filler, message) => {
    expect(() => filled(shape, filler)).toThrow(message);
  });

  test("says where in the prototxt the wrong filler stands", () => {
    const { layer } = parsePrototxt(
      'layer {\n  scale_param {\n    filler { type: "foo" }\n  }\n}\n',
      { message: "NetParameter", fileName: "net.prototxt" },
    );
    expect(() => filled([2], layer[0]!.scaleParam!.filler)).toThrow("net.prototxt:3:14: Unknown");
  });

  test.skipIf(!hasShared).each([
    ["filler_gaussian", [16, 4, 5, 5], { type: "gaussian", mean: 0.5, std: 2 }],
    ["filler_gaussian_sparse", [20, 40], { type: "gaussian", sparse: 5 }],
    ["filler_msra", [16, 4, 5, 5], { type: "msra" }],
    ["filler_msra_fan_out", [16, 4, 5, 5], { type: "msra", varianceNorm: "FAN_OUT" }],
    ["filler_xavier_average", [16, 4, 5, 5], { type: "xavier", varianceNorm: "AVERAGE" }],
    ["filler_xavier_fan_out", [16, 4, 5, 5], { type: "xavier", varianceNorm: "FAN_OUT" }],
  ] as const)("draws what Caffe drew in %s (needs ../shared)", (name, shape, filler) => {
    const bytes = readFileSync(sharedPath("golden", "net", name, "p.L.0.bin"));
    const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset)).subarray(
      0,
      bytes.length / 4,
    );
    expect(filled(shape, filler).data).toEqual(expected);
  });
});
