/** @file Dropout: random zeros while training. */
import { withDefaults } from "../schema/index.ts";
import { type Neuron, neuronLayer } from "./support/neuron.ts";

/**
 * Zeroes each value with probability p in the TRAIN phase, and scales the others so that the mean stays.
 *
 *     y = m x / (1 - p)        m ~ Bernoulli(1 - p), drawn in C order at each forward pass
 *     dx = m dy / (1 - p)
 *
 * In the TEST phase y = x. p: dropout_ratio. With `scale_train: false` (Faster R-CNN's fork) y = m x
 * while training, and y = (1 - p) x when testing.
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const dropout = neuronLayer({
  type: "Dropout",
  setUp({ param, phase, engine, random, createBlob, fail }) {
    const { dropoutRatio, scaleTrain } = withDefaults("DropoutParameter", param.dropoutParam);
    // Caffe checks for 0 in debug builds only, and people switch a Dropout off that way.
    if (!(dropoutRatio >= 0 && dropoutRatio < 1)) {
      fail(
        `dropout_ratio must be at least 0 and less than 1, not ${dropoutRatio}`,
        "dropoutParam.dropoutRatio",
      );
    }
    if (phase === "TEST" && !scaleTrain) return scaledBy(1 - dropoutRatio);
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
    const scale = scaleTrain ? Math.fround(1 / keep) : 1;
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

function scaledBy(factor: number): Neuron {
  return {
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) y[i] = factor * x[i]!;
    },
    backward({ diff: dx }, { diff: dy }) {
      for (let i = 0; i < dx.length; i++) dx[i] = factor * dy[i]!;
    },
  };
}
