/** @file SGD with momentum. */
import { type UpdateRule, regularise } from "./update-rule.ts";

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
    engine.sgdStep({
      count: blob.count,
      data: blob.dataPointer,
      diff: blob.diffPointer,
      history: history[0]!.dataPointer,
      rate,
      momentum: constants.momentum,
      decay: isL1 ? 0 : update.decay,
      scale: isL1 ? 1 : update.scale,
    });
  },
};
