/** @file The outputs of real Caffe on devices that are not the CPU. */
import { describe, expect, test } from "vitest";
import { casesOf, checkGolden } from "../support/golden-check.ts";
import { gpu } from "../support/gpu.ts";
import { hasShared } from "../support/shared.ts";

/** One case in so many is run here; test/slow has them all. */
const ONE_IN = 8;

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
