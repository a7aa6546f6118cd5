import { describe, expect, test } from "vitest";
import { jobSolver } from "../../src/job/job-solver.ts";
import { type JobSettings, defaultPolicies, defaultSettings } from "../../src/job/settings.ts";

const settings = (changes: Partial<JobSettings> = {}): JobSettings => ({
  ...defaultSettings,
  dataset: "/dataset",
  network: "/net.prototxt",
  ...changes,
});
const sunnybrook = { trainCount: 234, valCount: 26, batchSize: 1, valBatchSize: 1 };

describe("the solver of a job", () => {
  test("has the tutorial's numbers after 5 epochs of batch 1", () => {
    expect(jobSolver(settings({ epochs: 5, learningRate: 1e-4 }), sunnybrook)).toEqual({
      net: "train_val.prototxt",
      testIter: [26],
      testInterval: 234,
      baseLr: 1e-4,
      display: 29,
      maxIter: 1170,
      lrPolicy: "step",
      gamma: 0.1,
      stepsize: 387,
      momentum: 0.9,
      weightDecay: 1e-6,
      snapshot: 234,
      snapshotPrefix: "snapshot",
      solverMode: "CPU",
      type: "SGD",
    });
  });

  test("has the tutorial's numbers after 30 epochs", () => {
    const solver = jobSolver(settings({ epochs: 30 }), sunnybrook);
    expect(solver).toMatchObject({ maxIter: 7020, stepsize: 2317, display: 29, testInterval: 234 });
  });

  test("rounds iterations an epoch and test iterations up", () => {
    const size = { trainCount: 10, valCount: 7, batchSize: 4, valBatchSize: 3 };
    const solver = jobSolver(settings({ epochs: 2 }), size);
    expect(solver).toMatchObject({ maxIter: 6, testIter: [3] });
  });

  test("counts an update for iter_size batches", () => {
    const solver = jobSolver(settings({ epochs: 3, iterSize: 20 }), sunnybrook);
    expect(solver).toMatchObject({ iterSize: 20, maxIter: 36, display: 1 });
  });

  test("displays once in 5000 images where an epoch is long", () => {
    const size = { trainCount: 400_000, valCount: 0, batchSize: 8, valBatchSize: 8 };
    expect(jobSolver(settings({ epochs: 1 }), size).display).toBe(625);
  });

  test.each([
    // interval in epochs, snapshot, test interval
    [0.001, 1, 1],
    [0.5, 117, 117],
    [2, 468, 468],
    [5, 0, 1170],
    [50, 0, 1170],
  ])("turns an interval of %f epochs into iterations", (interval, snapshot, testInterval) => {
    const changes = { epochs: 5, snapshotInterval: interval, valInterval: interval };
    expect(jobSolver(settings(changes), sunnybrook)).toMatchObject({ snapshot, testInterval });
  });

  test("keeps only the last snapshot and never tests where the intervals are 0", () => {
    const solver = jobSolver(settings({ snapshotInterval: 0, valInterval: 0 }), sunnybrook);
    expect(solver.snapshot).toBe(0);
    expect(solver).not.toHaveProperty("testIter");
  });

  test("has no test net without a validation set", () => {
    const solver = jobSolver(settings(), { ...sunnybrook, valCount: 0 });
    expect(solver).not.toHaveProperty("testIter");
    expect(solver).not.toHaveProperty("testInterval");
  });

  test.each([
    ["fixed", {}],
    ["step", { stepsize: 387, gamma: 0.1 }],
    ["multistep", { stepvalue: [585, 995], gamma: 0.5 }],
    ["exp", { gamma: 0.95 ** (1 / 11.7) }],
    ["inv", { gamma: 0.1 / 11.7, power: 0.5 }],
    ["poly", { power: 3 }],
    ["sigmoid", { gamma: -0.1 / 11.7, stepsize: 585 }],
  ] as const)("scales the policy %s by the length of the training", (name, fields) => {
    const solver = jobSolver(settings({ epochs: 5, policy: defaultPolicies[name] }), sunnybrook);
    expect(solver).toMatchObject({ lrPolicy: name, ...fields });
    for (const field of ["gamma", "power", "stepsize", "stepvalue"]) {
      if (!(field in fields)) expect(solver).not.toHaveProperty(field);
    }
  });

  test.each([
    ["SGD", { momentum: 0.9 }],
    ["Nesterov", { momentum: 0.9 }],
    ["AdaGrad", {}],
    ["RMSProp", { rmsDecay: 0.99 }],
    ["AdaDelta", { momentum: 0.9 }],
    ["Adam", { momentum: 0.9 }],
  ] as const)("gives %s the momentum that it takes", (solverType, fields) => {
    const solver = jobSolver(settings({ solverType }), sunnybrook);
    expect(solver).toMatchObject({ type: solverType, ...fields });
    if (!("momentum" in fields)) expect(solver).not.toHaveProperty("momentum");
  });
});
