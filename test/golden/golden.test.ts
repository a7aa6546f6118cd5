/** @file The outputs of real Caffe. */
import { expect, test } from "vitest";
import { casesOf, checkGolden } from "../support/golden-check.ts";
import { hasShared } from "../support/shared.ts";

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
