/** @file Curves as lines and tables, settings as words, runs side by side. */
import { describe, expect, test } from "vitest";
import type { MetricRecord } from "../../src/job/metric-values.ts";
import { type JobSettings, defaultPolicies, defaultSettings } from "../../src/job/settings.ts";
import type { ModelDetail } from "../../src/studio/api-types.ts";
import { bestRows, settingRows } from "../../src/studio/client/lib/compare-rows.ts";
import { alignedRows, csvOf, linesOf, rateLine } from "../../src/studio/client/lib/curve-lines.ts";
import { policyText, settingsFacts } from "../../src/studio/client/lib/settings-facts.ts";

const record = (
  iter: number,
  phase: "train" | "val",
  values: MetricRecord["values"],
): MetricRecord => ({ iter, epoch: iter / 10, phase, values, lr: 0.1 / (iter + 1), time: iter });

const metrics = [
  record(0, "val", { dice: 0, loss: 0.7 }),
  record(0, "train", { loss: 1 }),
  record(5, "train", { loss: 0.5 }),
  record(10, "train", { loss: null }),
  record(10, "val", { dice: 0.8, loss: 0.4 }),
];

describe("curves", () => {
  test("are one line an output and phase, without what is not finite", () => {
    const lines = linesOf(metrics);
    expect(lines.map(({ name, isScore, isPale }) => [name, isScore, isPale])).toEqual([
      ["dice (val)", true, false],
      ["loss (train)", false, true],
      ["loss (val)", false, false],
    ]);
    expect(lines[1]?.points).toEqual([
      [0, 1],
      [0.5, 0.5],
    ]);
    expect(rateLine(metrics).points.map(([, rate]) => rate)).toEqual([0.1, 0.1 / 6, 0.1 / 11]);
  });

  test("are smoothed as an exponential mean, with gaps where a line has no point", () => {
    const [epochs, dice, train] = alignedRows(linesOf(metrics), 0.5, false);
    expect(epochs).toEqual([0, 0.5, 1]);
    expect(dice).toEqual([0, undefined, 0.4]);
    expect(train).toEqual([1, 0.75, undefined]);
  });

  test("leave out what has no logarithm, but not scores, whose axis has none", () => {
    const zero = [
      record(0, "train", { loss: 0, dice: 0 }),
      record(1, "train", { loss: 1, dice: 1 }),
    ];
    const [, dice, loss] = alignedRows(linesOf(zero), 0, true);
    expect(loss).toEqual([null, 1]);
    expect(dice).toEqual([0, 1]);
  });

  test("are a table whose names are no formulas", () => {
    const text = csvOf([record(0, "val", { "=1+1": 2, 'a"b,c': 3 }), ...metrics.slice(1, 2)]);
    expect(text).toBe(
      `iteration,epoch,phase,learning_rate,seconds,'=1+1,"a""b,c",loss\n` +
        "0,0,val,0.1,0,2,3,\n0,0,train,0.1,0,,,1\n",
    );
  });
});

const settings: JobSettings = { ...defaultSettings, dataset: "/jobs/hearts", network: "network" };

describe("settings in words", () => {
  test("say what a training was asked for", () => {
    const facts = Object.fromEntries(
      settingsFacts({
        ...settings,
        ...{
          batchSize: 2,
          iterSize: 4,
          seed: 1,
          weights: ["/jobs/first/snapshot_iter_5.caffemodel"],
        },
        augmentation: { flipX: true, rotate: 15 },
      }),
    );
    expect(facts).toMatchObject({
      "Batch size": "2, 4 added up",
      "Learning rate": "0.01, step (33 %, gamma 0.1)",
      Augmentation: "flips, rotation 15",
      Pretrained: "first/snapshot_iter_5.caffemodel",
      "Random seed": "1",
    });
  });

  test.each(Object.values(defaultPolicies))("name the policy $policy", (policy) => {
    expect(policyText(policy)).toMatch(new RegExp(`^${policy.policy}( \\(.+\\))?$`));
  });
});

describe("runs side by side", () => {
  const run = (id: string, changed: Partial<JobSettings>, values: readonly MetricRecord[]) => {
    const detail: ModelDetail = {
      ...{ id, kind: "model", status: "done", created: "", progress: 1, dataset: "hearts" },
      ...{ folder: "", maxIter: 10, snapshots: [], history: [], bytes: 0, files: [], notes: "" },
      ...{ settings: { ...settings, ...changed }, layerFiles: [] },
    };
    return { detail, metrics: values };
  };
  const runs = [
    run("a", { learningRate: 0.1 }, metrics),
    run("b", {}, [record(10, "val", { dice: 0.6, loss: 0.3 })]),
    run("c", {}, []),
  ];

  test("show the best of each output, scores first, and whose it is", () => {
    expect(bestRows(runs)).toEqual([
      {
        ...{ name: "Best dice (val)", differs: true, best: [0] },
        values: ["0.8 at epoch 1", "0.6 at epoch 1", ""],
      },
      {
        ...{ name: "Best loss (val)", differs: true, best: [1] },
        values: ["0.4 at epoch 1", "0.3 at epoch 1", ""],
      },
    ]);
  });

  test("show first which settings differ", () => {
    const [first, second] = settingRows(runs);
    expect(first).toMatchObject({ name: "Learning rate", differs: true });
    expect(second).toMatchObject({ name: "Dataset", differs: false });
  });
});
