/** @file SGD with momentum. */
import type { SgdStep } from "../core/engine.ts";
import { type UpdateRule, regularise } from "./update-rule.ts";

/** Written anew for each parameter: an iteration makes no object for it. */
const step: { -readonly [Part in keyof SgdStep]: SgdStep[Part] } = {
  ...{ count: 0, data: 0, diff: 0, history: 0 },
  ...{ rate: 0, momentum: 0, decay: 0, scale: 1 },
};

/**
 *     h = rate g + momentum h,   w -= h
 *
 * The rate is inside the history, so a change of the rate acts at once. Scaling, L2 decay and the
 * step are one pass over memory.
 */
export const sgd: UpdateRule = {
  histories: 1,
  historyHoldsRate: true,
  update(update) {
    const { engine, blob, history, constants, rate } = update;
    const isL1 = constants.regularization === "L1" && update.decay !== 0;
    if (isL1) regularise(update);
    step.count = blob.count;
    step.data = blob.dataPointer;
    step.diff = blob.diffPointer;
    step.history = history[0]!.dataPointer;
    step.rate = rate;
    step.momentum = constants.momentum;
    step.decay = isL1 ? 0 : update.decay;
    step.scale = isL1 ? 1 : update.scale;
    engine.sgdStep(step);
  },
};
