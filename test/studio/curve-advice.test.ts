/** @file What the model page says about curves. */
import { describe, expect, test } from "vitest";
import type { JobSummary, MetricRecord } from "../../src/studio/api-types.ts";
import { curveAdvice } from "../../src/studio/client/lib/curve-advice.ts";

const job = (value?: number): JobSummary => ({
  ...{ id: "a", kind: "model", status: "running", created: "", progress: 0.5 },
  ...(value === undefined ? {} : { best: { name: "dice", value, epoch: 1, iter: 1 } }),
});
const losses = (phase: MetricRecord["phase"], values: readonly (number | null)[]): MetricRecord[] =>
  values.map((loss, i) => ({ iter: i, epoch: i, phase, values: { loss }, lr: 1, time: i }));
const falling = losses("train", [0.7, 0.4, 0.2, 0.1, 0.05, 0.03, 0.02, 0.02]);
const rising = losses("val", [0.7, 0.4, 0.2, 0.3, 0.4, 0.5]);

describe("the advice on curves", () => {
  test("waits for enough of them", () => {
    expect(curveAdvice(job(0), falling.slice(0, 4))).toEqual([]);
  });

  test("explains a Dice of 0, and no other", () => {
    expect(curveAdvice(job(0), [...falling, ...falling])[0]).toContain("no foreground at all");
    expect(curveAdvice(job(0.01), [...falling, ...falling])).toEqual([]);
    expect(curveAdvice(job(), [...falling, ...falling])).toEqual([]);
  });

  test("says when a network learns its images by heart", () => {
    expect(curveAdvice(job(0.5), [...falling, ...rising])[0]).toContain("by heart");
  });

  test("is silent while both losses fall, where both rise, and for one bad validation", () => {
    const both = [0.7, 0.4, 0.3, 0.25, 0.22, 0.2, 0.2, 0.2];
    expect(curveAdvice(job(0.5), [...losses("train", both), ...losses("val", both)])).toEqual([]);
    const up = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    expect(curveAdvice(job(0.5), [...losses("train", up), ...losses("val", up)])).toEqual([]);
    const once = losses("val", [0.7, 0.4, 0.3, 0.2, 0.2, 0.9, 0.2]);
    expect(curveAdvice(job(0.5), [...falling, ...once])).toEqual([]);
    const broken = losses("val", [null, null, null, null, null, null]);
    expect(curveAdvice(job(0.5), [...falling, ...broken])).toEqual([]);
  });
});
