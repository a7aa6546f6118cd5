import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { fitFlags, settingsOf } from "../../src/cli/fit-settings.ts";
import { checkSettings } from "../../src/job/settings.ts";

const needed = ["--dataset", "data", "--network", "net.prototxt"];
const settings = (...args: string[]) =>
  settingsOf(parseArguments([...needed, ...args], fitFlags).flags, "/here");

describe("the settings of fit", () => {
  test("are DIGITS' defaults where no flag is given", () => {
    expect(settings()).toEqual({
      dataset: "/here/data",
      network: "/here/net.prototxt",
      weights: [],
      layers: [],
      epochs: 30,
      snapshotInterval: 1,
      valInterval: 1,
      learningRate: 0.01,
      policy: { policy: "step", stepPercent: 33, gamma: 0.1 },
      solverType: "SGD",
      rmsDecay: 0.99,
      mean: "image",
    });
  });

  test("take lists of files relative to the working directory", () => {
    const { weights, layers } = settings("--weights", "a,/b", "--layers=dice.ts");
    expect(weights).toEqual(["/here/a", "/b"]);
    expect(layers).toEqual(["/here/dice.ts"]);
  });

  test.each([
    [["--lr-policy", "multistep"], { policy: "multistep", percents: [50, 85], gamma: 0.5 }],
    [
      ["--lr-policy", "multistep", "--lr-steps", "10,20"],
      { policy: "multistep", percents: [10, 20], gamma: 0.5 },
    ],
    [["--gamma", "0.5", "--lr-step-size", "10"], { policy: "step", stepPercent: 10, gamma: 0.5 }],
    [["--lr-policy", "poly", "--power", "0.9"], { policy: "poly", power: 0.9 }],
    [["--lr-policy", "sigmoid"], { policy: "sigmoid", stepPercent: 50, gamma: 0.1 }],
    [["--lr-policy", "fixed"], { policy: "fixed" }],
  ])("make the policy of %j", (args, policy) => {
    expect(settings(...args).policy).toEqual(policy);
  });

  test("keep those of a cloned job, but for the flags that are given", () => {
    const from = {
      settings: {
        ...settings(
          "--epochs",
          "5",
          "--lr",
          "1e-4",
          "--mean",
          "none",
          "--lr-policy",
          "poly",
          "--seed",
          "3",
        ),
        weights: ["/w.caffemodel"],
      },
      network: "/job/original.prototxt",
      layers: ["/job/dice.ts"],
    };
    const flags = parseArguments(["--epochs", "30", "--power", "2"], fitFlags).flags;
    expect(settingsOf(flags, "/here", from)).toMatchObject({
      dataset: "/here/data",
      network: "/here/net.prototxt",
      weights: ["/w.caffemodel"],
      layers: ["/job/dice.ts"],
      epochs: 30,
      learningRate: 1e-4,
      mean: "none",
      policy: { policy: "poly", power: 2 },
      seed: 3,
    });
  });

  test.each([
    [["--solver-type", "sgdd"], '--solver-type is "sgdd"; give one of '],
    [["--mean", "median"], '--mean is "median"; give one of none, pixel, image'],
    [["--lr-policy", "poly", "--gamma", "1"], '--gamma means nothing to the policy "poly"'],
    [["--lr-policy", "multistep", "--lr-steps", "50,150"], '--lr-steps is "50,150"; give percents'],
  ])("refuse %j", (args, message) => {
    expect(() => settings(...args)).toThrow(message);
  });

  test.each([
    [["--epochs", "0"], "the epochs must be a whole number of 1 or more, not 0"],
    [["--batch-size", "1.5"], "the batch size must be a whole number of 1 or more, not 1.5"],
    [["--lr", "-1"], "the learning rate must be a number of 0 or more, not -1"],
  ])("refuse to train with %j", (args, message) => {
    expect(() => checkSettings(settings(...args))).toThrow(message);
  });

  test("carry the augmentation of a cloned job on, or change it, or drop it", () => {
    const from = {
      settings: settings("--augment", "flip,rotate=15"),
      network: "/job/original.prototxt",
      layers: [],
    };
    const cloned = (...args: string[]) =>
      settingsOf(parseArguments(args, fitFlags).flags, "/here", from);
    expect(cloned().augmentation).toEqual({ flipX: true, rotate: 15 });
    expect(cloned("--augment", "noise=0.1").augmentation).toEqual({ noise: 0.1 });
    expect(cloned("--augment", "none")).not.toHaveProperty("augmentation");
  });

  test("ask for a dataset and a network", () => {
    expect(() => settingsOf({}, "/here")).toThrow(
      "give --dataset, or --clone to take it from another job",
    );
  });

  test("take solver types in any case", () => {
    expect(settings("--solver-type", "adam").solverType).toBe("Adam");
  });
});
