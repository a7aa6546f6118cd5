/** @file Eltwise: several blobs combined value by value. */
import type { Blob } from "../../../core/blob.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { LayerKernel } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** SUM, PROD and MAX, as src/layers/eltwise.ts has them. */
export const eltwise: KernelFactory = (tensors, request) => {
  const { operation, coeff, stableProdGrad } = withDefaults(
    "EltwiseParameter",
    request.param.eltwiseParam,
  );
  const passes = {
    SUM: () => sum(tensors, coeff),
    PROD: () => product(tensors, stableProdGrad),
    MAX: () => maximum(tensors),
  };
  return tensorKernel(tensors, request, passes[operation]());
};

function sum(tensors: Tensors, coeff: readonly number[]): LayerKernel {
  const { tf } = tensors;
  const times = (x: Tensor, k: number) => {
    const c = coeff[k] ?? 1;
    return c === 1 ? x : tf.mul(x, tensors.scalar(c));
  };
  return {
    forward(bottoms, [top]) {
      const terms = bottoms.map((bottom, k) => times(tensors.data(bottom), k));
      tensors.setData(top!, tf.addN(terms));
    },
    backward([top], propagateDown, bottoms) {
      const dy = tensors.diff(top!);
      const gradients = bottoms.map((_, k) => (propagateDown[k] ? times(dy, k) : undefined));
      setDiffs(tensors, bottoms, gradients);
    },
  };
}

function product(tensors: Tensors, isStable: boolean): LayerKernel {
  const { tf } = tensors;
  const productOf = (factors: readonly Tensor[]) => factors.reduce((a, b) => tf.mul(a, b));
  return {
    forward(bottoms, [top]) {
      tensors.setData(top!, productOf(bottoms.map((bottom) => tensors.data(bottom))));
    },
    backward([top], propagateDown, bottoms) {
      const dy = tensors.diff(top!);
      const values = bottoms.map((bottom) => tensors.data(bottom));
      const gradients = bottoms.map((_, k) => {
        if (!propagateDown[k]) return undefined;
        if (!isStable) return tf.mul(tf.div(tensors.data(top!), values[k]!), dy);
        return productOf([dy, ...values.filter((_, j) => j !== k)]);
      });
      setDiffs(tensors, bottoms, gradients);
    },
  };
}

function maximum(tensors: Tensors): LayerKernel {
  const { tf } = tensors;
  const chosen = new Slot(tensors);
  return {
    forward(bottoms, [top]) {
      // Bottom 0 must be greater than bottom 1 to be chosen; later ones greater than the best.
      const [a, b, ...rest] = bottoms.map((bottom) => tensors.data(bottom));
      const isFirst = tf.greater(a!, b!);
      let best = tf.where(isFirst, a!, b!);
      let index: Tensor = tf.sub(1, tf.cast(isFirst, "float32"));
      rest.forEach((x, i) => {
        const isBetter = tf.greater(x, best);
        best = tf.where(isBetter, x, best);
        index = tf.where(isBetter, tf.fill([...x.shape], i + 2), index);
      });
      chosen.set(index);
      tensors.setData(top!, best);
    },
    backward([top], propagateDown, bottoms) {
      const dy = tensors.diff(top!);
      const gradients = bottoms.map((_, k) =>
        propagateDown[k]
          ? tf.mul(dy, tf.cast(tf.equal(chosen.tensor, tensors.scalar(k)), "float32"))
          : undefined,
      );
      setDiffs(tensors, bottoms, gradients);
    },
    dispose: () => chosen.dispose(),
  };
}

/** Writes after all are made: in place, a bottom's gradient takes the room of the top's. */
function setDiffs(
  tensors: Tensors,
  bottoms: readonly Blob[],
  gradients: readonly (Tensor | undefined)[],
): void {
  gradients.forEach((gradient, k) => {
    if (gradient) tensors.setDiff(bottoms[k]!, gradient);
  });
}
