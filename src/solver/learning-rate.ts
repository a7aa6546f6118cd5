/** @file Learning-rate policies: which rate an iteration gets. */
import type { SolverParameter } from "../schema/index.ts";
import { failSolver } from "./fail.ts";

const { fround, floor, pow, exp } = Math;

/** The fields of a solver that its learning rate depends on, in float32. */
export interface RateSettings {
  readonly policy: Policy;
  readonly baseRate: number;
  readonly gamma: number;
  readonly power: number;
  readonly stepSize: number;
  readonly stepValues: readonly number[];
  readonly maxIter: number;
}

type Formula = (settings: RateSettings, iter: number, currentStep: number) => number;

/** What multiplies base_lr. Rounding follows BVLC GetLearningRate: powers of an int are float64. */
const factors = {
  fixed: () => 1,
  step: ({ gamma }, _iter, currentStep) => pow(gamma, currentStep),
  exp: ({ gamma }, iter) => pow(gamma, iter),
  inv: ({ gamma, power }, iter) => fround(pow(fround(1 + fround(gamma * iter)), -power)),
  multistep: ({ gamma }, _iter, currentStep) => pow(gamma, currentStep),
  poly: ({ power, maxIter }, iter) => fround(pow(fround(1 - fround(iter / maxIter)), power)),
  sigmoid: ({ gamma, stepSize }, iter) =>
    fround(1 / fround(1 + exp(fround(-gamma * (iter - stepSize))))),
} satisfies Record<string, Formula>;

export type Policy = keyof typeof factors;
export const policies = Object.keys(factors) as readonly Policy[];

/** The rate of iteration `iter` before any `lr_mult`. */
export function learningRate(settings: RateSettings, iter: number, currentStep: number): number {
  const factor: Formula = factors[settings.policy];
  return fround(settings.baseRate * factor(settings, iter, currentStep));
}

/**
 * How often the rate has stepped down by iteration `iter`; part of a solver's state.
 *
 * `multistep` takes at most one step an iteration, so a solver that resumes far behind several
 * step values takes one after the other, as Caffe does.
 */
export function advanceStep(settings: RateSettings, iter: number, currentStep: number): number {
  if (settings.policy === "step") return floor(iter / settings.stepSize);
  if (settings.policy !== "multistep") return currentStep;
  const next = settings.stepValues[currentStep];
  return next !== undefined && iter >= next ? currentStep + 1 : currentStep;
}

/**
 * @throws NetDefinitionError for an unknown policy, or where the policy needs a field that is not
 *   there or out of range
 */
export function rateSettings(param: SolverParameter): RateSettings {
  const policy = policies.find((name) => name === param.lrPolicy);
  if (!policy) {
    const known = policies.join(", ");
    const given = param.lrPolicy ?? "(lr_policy is missing)";
    failSolver(
      param,
      "lrPolicy",
      `Unknown learning rate policy: ${given} (known policies: ${known})`,
    );
  }
  checkFields(param, policy);
  return {
    policy,
    baseRate: fround(param.baseLr ?? 0),
    gamma: fround(param.gamma ?? 0),
    power: fround(param.power ?? 0),
    stepSize: param.stepsize ?? 0,
    stepValues: param.stepvalue,
    maxIter: param.maxIter ?? 0,
  };
}

function checkFields(param: SolverParameter, policy: Policy): void {
  const needs = (field: "stepsize" | "gamma" | "maxIter", text: string, holds: boolean) => {
    if (!holds) failSolver(param, field, `lr_policy "${policy}" needs ${text}.`);
  };
  const { stepsize = 0, gamma = 0, maxIter = 0 } = param;
  if (policy === "step" || policy === "sigmoid") {
    needs("stepsize", `stepsize > 0, but it is ${stepsize}`, stepsize > 0);
  }
  // A sigmoid only decays where gamma is negative, which older Caffes allowed.
  if (policy !== "fixed" && policy !== "poly" && policy !== "sigmoid") {
    needs("gamma", `gamma >= 0, but it is ${gamma}`, gamma >= 0);
  }
  if (policy === "poly") needs("maxIter", `max_iter > 0, but it is ${maxIter}`, maxIter > 0);
}
