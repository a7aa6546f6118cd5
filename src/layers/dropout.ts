/** @file Dropout: random zeros while training. */
import { withDefaults } from "../schema/index.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Zeroes each value with probability p in the TRAIN phase, and scales the others so that the mean stays.
 *
 *     y = m x / (1 - p)        m ~ Bernoulli(1 - p), drawn in C order at each forward pass
 *     dx = m dy / (1 - p)
 *
 * In the TEST phase y = x. p: dropout_ratio.
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const dropout = neuronLayer({
  type: "Dropout",
  setUp({ param, phase, engine, random, fail }) {
    const { dropoutRatio } = withDefaults("DropoutParameter", param.dropoutParam);
    // Caffe checks for 0 in debug builds only, and people switch a Dropout off that way.
    if (!(dropoutRatio >= 0 && dropoutRatio < 1)) {
      fail(
        `dropout_ratio must be at least 0 and less than 1, not ${dropoutRatio}`,
        "dropoutParam.dropoutRatio",
      );
    }
    if (phase === "TEST") {
      return {
        forward: (x, y) => {
          if (x !== y) engine.copy(x.count, x.dataPointer, y.dataPointer);
        },
        backward: (x, y) => {
          if (x !== y) engine.copy(x.count, y.diffPointer, x.diffPointer);
        },
      };
    }
    // The float32 steps of BVLC DropoutLayer: the probability decides which draws are kept.
    const p = Math.fround(dropoutRatio);
    const keep = Math.fround(1 - p);
    const scale = Math.fround(1 / keep);
    let mask = new Uint8Array(0);
    return {
      reshape({ count }) {
        if (mask.length < count) mask = new Uint8Array(count);
      },
      forward({ data: x }, { data: y }) {
        random.bernoulliMask(keep, mask, x.length);
        for (let i = 0; i < x.length; i++) y[i] = mask[i] ? x[i]! * scale : 0;
      },
      backward({ diff: dx }, { diff: dy }) {
        for (let i = 0; i < dx.length; i++) dx[i] = mask[i] ? dy[i]! * scale : 0;
      },
    };
  },
});
