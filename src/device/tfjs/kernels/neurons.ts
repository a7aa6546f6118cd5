/** @file Layers that compute each value from one value. */
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { KernelRequest } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";

/** A function and its gradient, as src/layers has them, one file a type. */
export interface Neuron {
  forward(x: Tensor): Tensor;
  /** dx; in place, x holds y. */
  backward(dy: Tensor, x: Tensor, y: Tensor): Tensor;
}

/** A factory for a neuron layer. */
export function neuron(
  setUp: (tensors: Tensors, request: KernelRequest) => Neuron | undefined,
): KernelFactory {
  return (tensors, request) => {
    const own = setUp(tensors, request);
    if (!own) return undefined;
    return tensorKernel(tensors, request, {
      forward([x], [y]) {
        tensors.setData(y!, own.forward(tensors.data(x!)));
      },
      backward([y], propagateDown, [x]) {
        if (!propagateDown[0]) return;
        tensors.setDiff(x!, own.backward(tensors.diff(y!), tensors.data(x!), tensors.data(y!)));
      },
    });
  };
}

/** dy where a condition holds, factor dy elsewhere. */
function gated(tensors: Tensors, condition: Tensor, dy: Tensor, factor: number): Tensor {
  const { tf } = tensors;
  if (factor === 0) return tf.mul(dy, tf.cast(condition, "float32"));
  return tf.where(condition, dy, tf.mul(dy, tensors.scalar(factor)));
}

/** max(x, 0) + slope min(x, 0) */
function rectified({ tf }: Tensors, x: Tensor, slope: number): Tensor {
  return slope === 0 ? tf.relu(x) : tf.where(tf.greater(x, 0), x, tf.mul(x, slope));
}

const absVal = neuron(({ tf }) => ({
  forward: (x) => tf.abs(x),
  backward: (dy, x) => tf.mul(dy, tf.sign(x)),
}));

/** Above this, e^x / (e^x + 1) is 1 in float32 (BVLC BNLLLayer). */
const LARGEST_EXPONENT = 50;

const bnll = neuron(({ tf }) => ({
  forward: (x) => tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
  backward(dy, x) {
    const e = tf.exp(tf.minimum(x, LARGEST_EXPONENT));
    return tf.div(tf.mul(dy, e), tf.add(e, 1));
  },
}));

const clip = neuron((tensors, { param }) => {
  const { tf } = tensors;
  const { min, max } = param.clipParam!;
  return {
    forward: (x) => tf.maximum(tf.minimum(x, max), min),
    backward: (dy, x) =>
      gated(tensors, tf.logicalAnd(tf.greaterEqual(x, min), tf.lessEqual(x, max)), dy, 0),
  };
});

const elu = neuron(({ tf }, { param }) => {
  const { alpha } = withDefaults("ELUParameter", param.eluParam);
  return {
    forward: (x) => tf.where(tf.greater(x, 0), x, tf.mul(tf.expm1(x), alpha)),
    backward: (dy, x, y) => tf.where(tf.greater(x, 0), dy, tf.mul(dy, tf.add(y, alpha))),
  };
});

const exp = neuron(({ tf }, { param }) => {
  const { base, scale, shift } = withDefaults("ExpParameter", param.expParam);
  const logBase = base === -1 ? 1 : Math.log(base);
  const [slope, factor] = [scale * logBase, Math.exp(shift * logBase)];
  return {
    forward: (x) => tf.mul(tf.exp(tf.mul(x, slope)), factor),
    backward: (dy, _, y) => tf.mul(tf.mul(dy, y), slope),
  };
});

const log = neuron(({ tf }, { param }) => {
  const { base, scale, shift } = withDefaults("LogParameter", param.logParam);
  const factor = 1 / (base === -1 ? 1 : Math.log(base));
  const inner = (x: Tensor) => tf.add(tf.mul(x, scale), shift);
  return {
    forward: (x) => tf.mul(tf.log(inner(x)), factor),
    backward: (dy, x) => tf.div(tf.mul(dy, factor * scale), inner(x)),
  };
});

const power = neuron(({ tf }, { param }) => {
  const { power, scale, shift } = withDefaults("PowerParameter", param.powerParam);
  const slope = power * scale;
  if (slope === 0) {
    // With nothing left of x, the value is constant also where x is infinite or NaN.
    return {
      forward: (x) => tf.fill([...x.shape], power === 0 ? 1 : shift ** power),
      backward: (dy) => tf.zerosLike(dy),
    };
  }
  const inner = (x: Tensor) => tf.add(tf.mul(x, scale), shift);
  if (power === 1) return { forward: inner, backward: (dy) => tf.mul(dy, scale) };
  return {
    forward: (x) => tf.pow(inner(x), power),
    backward: (dy, x) => tf.mul(tf.mul(dy, slope), tf.pow(inner(x), power - 1)),
  };
});

const relu = neuron((tensors, { param }) => {
  const { negativeSlope } = withDefaults("ReLUParameter", param.reluParam);
  return {
    forward: (x) => rectified(tensors, x, negativeSlope),
    backward: (dy, x) => gated(tensors, tensors.tf.greater(x, 0), dy, negativeSlope),
  };
});

const relu6 = neuron((tensors, { param }) => {
  const { tf } = tensors;
  const { negativeSlope } = withDefaults("ReLU6Parameter", param.relu6Param);
  return {
    forward: (x) => tf.minimum(rectified(tensors, x, negativeSlope), 6),
    backward: (dy, x) =>
      gated(tensors, tf.less(x, 6), gated(tensors, tf.greater(x, 0), dy, negativeSlope), 0),
  };
});

const sigmoid = neuron(({ tf }) => ({
  forward: (x) => tf.sigmoid(x),
  backward: (dy, _, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))),
}));

const swish = neuron(({ tf }, { param }) => {
  const { beta } = withDefaults("SwishParameter", param.swishParam);
  const gate = (x: Tensor) => tf.sigmoid(tf.mul(x, beta));
  return {
    forward: (x) => tf.mul(x, gate(x)),
    backward(dy, x, y) {
      const scaled = tf.mul(y, beta);
      return tf.mul(dy, tf.add(scaled, tf.mul(gate(x), tf.sub(1, scaled))));
    },
  };
});

const tanh = neuron(({ tf }) => ({
  forward: (x) => tf.tanh(x),
  backward: (dy, _, y) => tf.mul(dy, tf.sub(1, tf.square(y))),
}));

const threshold: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param } = request;
  const bound = withDefaults("ThresholdParameter", param.thresholdParam).threshold;
  return tensorKernel(tensors, request, {
    forward([x], [y]) {
      tensors.setData(y!, tf.cast(tf.greater(tensors.data(x!), bound), "float32"));
    },
    // It has none: the host says so where one is wanted.
    backward: (tops, propagateDown, bottoms) => layer.backward?.(tops, propagateDown, bottoms),
  });
};

export const neurons: Readonly<Record<string, KernelFactory>> = {
  AbsVal: absVal,
  BNLL: bnll,
  Clip: clip,
  ELU: elu,
  Exp: exp,
  Log: log,
  Power: power,
  ReLU: relu,
  ReLU6: relu6,
  Sigmoid: sigmoid,
  Swish: swish,
  TanH: tanh,
  Threshold: threshold,
};
