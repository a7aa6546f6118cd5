/** @file The outputs of real Caffe. */
import { describe, expect, test } from "vitest";
import { casesOf, checkGolden } from "../support/golden-check.ts";
import { gpu } from "../support/gpu.ts";
import { hasShared } from "../support/shared.ts";

/** Of the cases on other devices one in so many; test/slow has them all. */
const ONE_IN = 8;

test.skipIf(!hasShared)(
  "computes what Caffe computes, net by net (needs ../shared)",
  () => {
    const cases = casesOf("net", 2);
    expect(cases.length).toBeGreaterThan(180);
    expect(checkGolden("net", cases).trim()).toBe(`${cases.length} passed, 0 failed`);
  },
  120_000,
);

test.skipIf(!hasShared)(
  "trains as Caffe trains, solver by solver (needs ../shared)",
  () => {
    const cases = casesOf("solver", 2);
    expect(cases.length).toBeGreaterThan(15);
    expect(checkGolden("solver", cases).trim()).toBe(`${cases.length} passed, 0 failed`);
  },
  120_000,
);

describe.each([
  ["webgpu", gpu !== undefined, "a GPU, or chromium's SwiftShader"],
  ["tfjs", true, "TensorFlow.js"],
] as const)("on %s, layers without a kernel on the host among them", (device, isThere, needs) => {
  test.skipIf(!hasShared || !isThere)(
    `one net and solver in ${ONE_IN} computes what Caffe computes (needs ../shared and ${needs})`,
    () => {
      for (const folder of ["net", "solver"]) {
        const cases = casesOf(folder, 2).filter((_, i) => i % ONE_IN === 0);
        expect(cases.length).toBeGreaterThan(2);
        expect(checkGolden(folder, cases, device).trim()).toBe(`${cases.length} passed, 0 failed`);
      }
    },
    180_000,
  );
});
