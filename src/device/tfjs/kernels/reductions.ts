/** @file Layers that sum over axes: Reduction, MVN, and Tile backward. */
import { count } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** Many values to one, as src/layers/reduction.ts has it. */
export const reduction: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const param = withDefaults("ReductionParameter", request.param.reductionParam);
  const { operation } = param;
  const terms = { ASUM: (x: Tensor) => tf.abs(x), SUMSQ: (x: Tensor) => tf.square(x) };
  const slopes = { ASUM: (x: Tensor) => tf.sign(x), SUMSQ: (x: Tensor) => tf.mul(x, 2) };
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const [rows, width] = [top!.count, bottom!.count / top!.count];
      const x = tensors.data(bottom!, [rows, width]);
      const values = operation === "ASUM" || operation === "SUMSQ" ? terms[operation](x) : x;
      const factor = operation === "MEAN" ? param.coeff / width : param.coeff;
      tensors.setData(top!, tf.mul(tf.sum(values, 1), factor));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const [rows, width] = [top!.count, bottom!.count / top!.count];
      const factor = operation === "MEAN" ? param.coeff / width : param.coeff;
      const dy = tf.mul(tensors.diff(top!, [rows, 1]), factor);
      const slope =
        operation === "ASUM" || operation === "SUMSQ"
          ? slopes[operation](tensors.data(bottom!, [rows, width]))
          : tf.ones([rows, width]);
      tensors.setDiff(bottom!, tf.mul(slope, dy));
    },
  });
};

/** Each plane to mean 0 and variance 1, as src/layers/mvn.ts has it. */
export const mvn: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { acrossChannels, normalizeVariance, eps } = withDefaults(
    "MVNParameter",
    request.param.mvnParam,
  );
  const deviations = new Slot(tensors);
  const view = (shape: readonly number[]): [number, number] => {
    const rows = count(shape.slice(0, acrossChannels ? 1 : 2));
    return [rows, count(shape) / rows];
  };
  const centred = (x: Tensor) => tf.sub(x, tf.mean(x, 1, true));
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const x = centred(tensors.data(bottom!, view(bottom!.shape)));
      if (!normalizeVariance) return tensors.setData(top!, x);
      deviations.set(tf.add(tf.sqrt(tf.mean(tf.square(x), 1, true)), eps));
      tensors.setData(top!, tf.div(x, deviations.tensor));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const shape = view(bottom!.shape);
      const dy = tensors.diff(top!, shape);
      if (!normalizeVariance) return tensors.setDiff(bottom!, centred(dy));
      const y = tensors.data(top!, shape);
      const along = tf.mul(y, tf.mean(tf.mul(dy, y), 1, true));
      tensors.setDiff(bottom!, tf.div(tf.sub(centred(dy), along), deviations.tensor));
    },
    dispose: () => deviations.dispose(),
  });
};

/** Copies side by side, as src/layers/tile.ts has it. */
export const tile: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { axis, tiles = 1 } = withDefaults("TileParameter", request.param.tileParam);
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const { shape } = bottom!;
      const along = axis < 0 ? axis + shape.length : axis;
      const copies = Array.from({ length: tiles }, () => tensors.data(bottom!));
      tensors.setData(top!, tf.concat(copies, along));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const { shape } = bottom!;
      const along = axis < 0 ? axis + shape.length : axis;
      const copies = [count(shape, 0, along), tiles, count(shape, along)];
      tensors.setDiff(bottom!, tf.sum(tensors.diff(top!, copies), 1));
    },
  });
};
