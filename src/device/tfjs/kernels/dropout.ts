/** @file Dropout with the host's random numbers, so that a seed gives the same zeros on each device. */
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";
import { neuron } from "./neurons.ts";

const { fround } = Math;

/** y = m x, as src/layers/dropout.ts has it; the mask m goes up in each forward pass. */
export const dropout: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { param, phase, random } = request;
  const { dropoutRatio, scaleTrain } = withDefaults("DropoutParameter", param.dropoutParam);
  if (phase === "TEST") {
    const factor = scaleTrain ? 1 : 1 - dropoutRatio;
    const scaled = neuron(() => ({
      forward: (x) => tf.mul(x, factor),
      backward: (dy) => tf.mul(dy, factor),
    }));
    return scaled(tensors, request);
  }
  const keep = fround(1 - fround(dropoutRatio));
  const scale = scaleTrain ? fround(1 / keep) : 1;
  const mask = new Slot(tensors);
  return tensorKernel(tensors, request, {
    forward([x], [y]) {
      const drawn = new Float32Array(x!.count);
      random.bernoulliMask(keep, scale, drawn);
      tensors.counts.bytesUp += drawn.byteLength;
      mask.set(tf.tensor(drawn, [...x!.shape]));
      tensors.setData(y!, tf.mul(tensors.data(x!), mask.tensor));
    },
    backward([y], propagateDown, [x]) {
      if (propagateDown[0]) tensors.setDiff(x!, tf.mul(tensors.diff(y!), mask.tensor));
    },
    dispose: () => mask.dispose(),
  });
};
