/** @file All outputs of real Caffe on the devices that are not the CPU; SwiftShader takes minutes. */
import { expect, test } from "vitest";
import { casesOf, checkGolden } from "../support/golden-check.ts";
import { gpu, needsGpu } from "../support/gpu.ts";
import { hasShared } from "../support/shared.ts";

test.skipIf(!hasShared || !gpu).each(["net", "solver"])(
  `every %s computes on webgpu what Caffe computes (needs ../shared)${needsGpu}`,
  (folder) => expectAllPassed(folder, "webgpu"),
  1_800_000,
);

test.skipIf(!hasShared).each(["net", "solver"])(
  "every %s computes on tfjs what Caffe computes (needs ../shared)",
  (folder) => expectAllPassed(folder, "tfjs"),
  1_800_000,
);

function expectAllPassed(folder: string, device: string): void {
  const cases = casesOf(folder, 2);
  expect(checkGolden(folder, cases, device).trim()).toBe(`${cases.length} passed, 0 failed`);
}
