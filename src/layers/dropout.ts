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
  setUp({ param, phase, engine, random, createBlob, fail }) {
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
    const mask = createBlob([0]);
    return {
      reshape: (x) => mask.reshapeLike(x),
      forward(x, y) {
        random.bernoulliMask(keep, scale, mask.data);
        engine.mul(x.count, x.dataPointer, mask.dataPointer, y.dataPointer);
      },
      backward: (x, y) => engine.mul(x.count, y.diffPointer, mask.dataPointer, x.diffPointer),
      dispose: () => mask.dispose(),
    };
  },
});
