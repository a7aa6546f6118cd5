import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { curveSvg, seriesOf, ticks } from "../../src/job/curve.ts";
import {
  type MetricRecord,
  appendMetric,
  bestMetric,
  metricText,
  readMetrics,
  valuesOf,
} from "../../src/job/metrics.ts";
import { pngOfSvg } from "../../src/job/picture.ts";
import { textPath, textWidth } from "../../src/job/stroke-font.ts";

const record = (
  phase: "train" | "val",
  epoch: number,
  values: MetricRecord["values"],
): MetricRecord => ({ iter: epoch * 10, epoch, phase, values, lr: 0.01, time: epoch });
const score = (name: string, value: number) => ({ name, value, lossWeight: 0 });

describe("metrics", () => {
  test("come back from the file as they were written", () => {
    const file = join(mkdtempSync(join(tmpdir(), "metrics-")), "metrics.jsonl");
    const records = [record("train", 0, { loss: 0.5 }), record("val", 1, { dice: null })];
    for (const each of records) appendMetric(file, each);
    expect(readMetrics(file)).toEqual(records);
  });

  test("leave out a last line that was cut off, and name one that is damaged", () => {
    const file = join(mkdtempSync(join(tmpdir(), "metrics-")), "metrics.jsonl");
    const line = JSON.stringify(record("val", 1, { loss: 1 }));
    writeFileSync(file, `${line}\n${line.slice(0, 20)}`);
    expect(readMetrics(file)).toHaveLength(1);
    writeFileSync(file, `{"iter\n${line}\n`);
    expect(() => readMetrics(file)).toThrow("metrics.jsonl:1: this line is no metric record");
  });

  test("number the elements of an output that has several, and mark what is not finite", () => {
    const scores = [score("iu", 0.5), score("iu", 0.25), score("loss", Number.NaN)];
    expect(valuesOf(scores)).toEqual({ "iu[0]": 0.5, "iu[1]": 0.25, loss: null });
    expect(metricText({ loss: null, dice: 0.123456 })).toBe("loss nan, dice 0.1235");
  });
});

describe("the best metric", () => {
  test("is the highest validation Dice, the first where several are equal", () => {
    const records = [
      record("train", 0, { dice: 1 }),
      record("val", 1, { accuracy: 0.99, dice: 0.2, loss: 0.1 }),
      record("val", 2, { accuracy: 0.98, dice: 0.6, loss: 0.2 }),
      record("val", 3, { accuracy: 0.97, dice: 0.6, loss: 0.3 }),
      record("val", 4, { accuracy: 0.97, dice: null, loss: 0.3 }),
    ];
    expect(bestMetric(records)).toEqual({ name: "dice", value: 0.6, epoch: 2, iter: 20 });
  });

  test("is the lowest loss where there is nothing else, dice_loss among them", () => {
    const records = [record("val", 1, { dice_loss: 0.4 }), record("val", 2, { dice_loss: 0.3 })];
    expect(bestMetric(records)).toMatchObject({ name: "dice_loss", value: 0.3 });
    expect(bestMetric([])).toBeUndefined();
  });
});

describe("the training curve", () => {
  const records = [0, 1, 2].flatMap((epoch) => [
    record("train", epoch, { loss: 0.6 - 0.2 * epoch }),
    record("val", epoch, { loss: 0.5, accuracy: 0.9 }),
  ]);

  test("has one line an output and phase, scores on the right axis", () => {
    const series = seriesOf(records);
    expect(series.map(({ name, phase, score: right }) => [name, phase, right])).toEqual([
      ["loss", "train", false],
      ["loss", "val", false],
      ["accuracy", "val", true],
    ]);
    // Axes run from x 70 to 890, y 480 to 60; the left one up to 0.6.
    expect(curveSvg(series, "job")).toContain('points="70.0,60.0 480.0,200.0 890.0,340.0"');
    expect(curveSvg(series, "job")).toContain('points="70.0,102.0 480.0,102.0 890.0,102.0"');
  });

  test("is thinned out to what can be seen", () => {
    const many = Array.from({ length: 5000 }, (_, i) => record("train", i, { loss: 1 }));
    expect(seriesOf(many)[0]?.points).toHaveLength(385);
  });

  test("can be drawn of a single point", async () => {
    const png = await pngOfSvg(curveSvg(seriesOf(records.slice(0, 1)), ""));
    expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  test.each([
    [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [30, [0, 10, 20, 30]],
    [0.7, [0, 0.2, 0.4, 0.6, 0.8]],
    [0.00031, [0, 0.0001, 0.0002, 0.0003, 0.0004]],
  ])("has round ticks up to %f", (largest, expected) => {
    expect(ticks(largest)).toEqual(expected);
  });
});

describe("text in pictures", () => {
  test("is drawn as strokes, so that no font is needed", () => {
    expect(textPath("l.", 0, 6, 6)).toBe("M0 0L0 6M1.6 6L1.6 6");
    expect(textPath("l", 10, 6, 6, "end")).toBe("M10 0L10 6");
  });

  test("has a glyph for every letter of the Latin alphabet, and a box for others", () => {
    const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (const letter of letters)
      expect(textPath(letter, 0, 0, 6)).not.toBe(textPath("é", 0, 0, 6));
    expect(textWidth("é", 6)).toBeCloseTo(4);
    expect(textWidth("", 6)).toBe(0);
  });
});
