/** @file The model form as text, and back. */
import { describe, expect, test } from "vitest";
import { type JobSettings, defaultPolicies, defaultSettings } from "../../src/job/settings.ts";
import type { ModelDetail } from "../../src/studio/api-types.ts";
import {
  draftOf,
  emptyDraft,
  formOf,
  policyCurve,
  previewFormOf,
} from "../../src/studio/client/lib/model-draft.ts";

const settings: JobSettings = {
  ...defaultSettings,
  ...{ dataset: "/jobs/hearts", network: "network", weights: ["/data/alexnet.caffemodel"] },
  ...{ epochs: 5, batchSize: 4, valBatchSize: 1, iterSize: 2, cropSize: 224, seed: 7 },
  ...{ snapshotInterval: 0.5, valInterval: 2, learningRate: 1e-4, mean: "pixel" },
  ...{ solverType: "RMSProp", rmsDecay: 0.98 },
  policy: { policy: "multistep", percents: [40, 80], gamma: 0.2 },
  device: "webgpu",
  augmentation: { flipX: true, rotate: 15, elastic: 0.02, elasticGrid: 5, noise: 0.01 },
};

const modelOf = (given: JobSettings): ModelDetail => ({
  ...{ id: "first", kind: "model", status: "done", created: "", progress: 1, dataset: "hearts" },
  ...{ folder: "/jobs/first", maxIter: 10, snapshots: [], history: [], bytes: 0, files: [] },
  notes: "",
  ...{ settings: given, layerFiles: ["dice.ts", "more.js"] },
});

describe("a clone", () => {
  test("asks for everything that its model was made with, augmentation and custom layers too", () => {
    const { dataset: _, network: __, layers: ___, ...kept } = settings;
    const { batchSize, learningRate, weights, ...same } = kept;
    expect(formOf(draftOf(modelOf(settings), "text"))).toEqual({
      ...same,
      ...{ name: "first-copy", dataset: "hearts", network: "text" },
      ...{ batchSizes: [batchSize], learningRates: [learningRate] },
      layers: [
        { job: "first", file: "dice.ts" },
        { job: "first", file: "more.js" },
      ],
      weights: weights.map((path) => ({ path })),
    });
  });

  test.each(Object.values(defaultPolicies))("keeps the policy $policy", (policy) => {
    expect(formOf(draftOf(modelOf({ ...settings, policy }), "")).policy).toEqual(policy);
  });

  test("of a model without options has none", () => {
    const model = modelOf({ ...defaultSettings, dataset: "/jobs/hearts", network: "network" });
    const form = formOf(draftOf(model, ""));
    for (const key of [
      "valBatchSize",
      "iterSize",
      "cropSize",
      "seed",
      "augmentation",
      "rmsDecay",
    ]) {
      expect(form).not.toHaveProperty(key);
    }
    expect(form.batchSizes).toEqual([]);
  });
});

describe("the form", () => {
  test("reads lists of learning rates and batch sizes as sweeps", () => {
    const form = formOf({ ...emptyDraft, learningRates: "0.01, 0.001", batchSizes: "8 16" });
    expect(form.learningRates).toEqual([0.01, 0.001]);
    expect(form.batchSizes).toEqual([8, 16]);
  });

  test("previews the batch with the augmentation, but not with what cannot change it", () => {
    const draft = draftOf(modelOf(settings), "text");
    expect(previewFormOf(draft)).toEqual({
      ...{ dataset: "hearts", network: "text", cropSize: 224, seed: 7 },
      augmentation: settings.augmentation,
    });
  });

  test("draws a step policy as DIGITS does", () => {
    const curve = policyCurve({ ...emptyDraft, learningRates: "0.01" }, 101);
    expect(curve[0]).toBe(0.01);
    expect(curve[33]).toBeCloseTo(0.001);
    expect(curve[100]).toBeCloseTo(1e-5);
  });
});
