import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NetDefinitionError } from "../../src/errors.ts";
import { advanceStep, learningRate, rateSettings } from "../../src/solver/learning-rate.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { solverParam } from "../support/solver.ts";

/** The rates of the first iterations, stepping on as a solver does. */
function rates(text: string, iterations: number): number[] {
  const settings = rateSettings(solverParam(text));
  let step = 0;
  return Array.from({ length: iterations }, (_, iter) => {
    step = advanceStep(settings, iter, step);
    return learningRate(settings, iter, step);
  });
}

describe("learning-rate policies", () => {
  test.each<[string, (iter: number) => number]>([
    ['lr_policy: "fixed"', () => 1],
    ['lr_policy: "step" gamma: 0.5 stepsize: 3', (i) => 0.5 ** Math.floor(i / 3)],
    ['lr_policy: "exp" gamma: 0.9', (i) => 0.9 ** i],
    ['lr_policy: "inv" gamma: 0.1 power: 0.75', (i) => (1 + 0.1 * i) ** -0.75],
    ['lr_policy: "poly" power: 2 max_iter: 12', (i) => (1 - i / 12) ** 2],
    ['lr_policy: "sigmoid" gamma: -0.5 stepsize: 5', (i) => 1 / (1 + Math.exp(0.5 * (i - 5)))],
    [
      'lr_policy: "multistep" gamma: 0.1 stepvalue: 2 stepvalue: 7',
      (i) => (i < 2 ? 1 : i < 7 ? 0.1 : 0.01),
    ],
  ])("%s", (text, factor) => {
    rates(`base_lr: 0.3 ${text}`, 12).forEach((rate, iter) => {
      expect(rate / (0.3 * factor(iter))).toBeCloseTo(1, 5);
    });
  });

  test("multistep takes at most one step an iteration", () => {
    const text = 'base_lr: 1 lr_policy: "multistep" gamma: 0.5 stepvalue: 0 stepvalue: 0';
    expect(rates(text, 4)).toEqual([0.5, 0.25, 0.25, 0.25]);
  });

  const cases = ["sgd_step", "sgd_multistep", "sgd_poly", "sgd_sigmoid"];
  test.skipIf(!hasShared).each([...cases, "rmsprop_decay_l2", "adam_l2_itersize_exp"])(
    "rates of golden case %s are Caffe's to the last bit (needs ../shared)",
    (name) => {
      const read = (file: string) => readFileSync(sharedPath("golden/solver", name, file), "utf8");
      const expected = JSON.parse(read("manifest.json")).lr as number[];
      expect(rates(read("solver.prototxt"), expected.length)).toEqual(expected.map(Math.fround));
    },
  );
});

describe("policies that cannot be", () => {
  test.each([
    ['lr_policy: "wobble"', "lr_policy", "Unknown learning rate policy: wobble"],
    ["base_lr: 1", undefined, "Unknown learning rate policy: (lr_policy is missing)"],
    ['lr_policy: "step" gamma: 1', undefined, "needs stepsize > 0, but it is 0"],
    ['lr_policy: "exp" gamma: -1', "gamma", "needs gamma >= 0, but it is -1"],
    ['lr_policy: "poly"', undefined, "needs max_iter > 0, but it is 0"],
  ])("%s", (text, field, message) => {
    const run = () => rateSettings(solverParam(text));
    expect(run).toThrow(NetDefinitionError);
    expect(run).toThrow(message);
    if (field) expect(run).toThrow(`solver.prototxt:1:${text.indexOf(field) + 1}: `);
  });
});
