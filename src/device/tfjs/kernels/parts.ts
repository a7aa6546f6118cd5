/** @file Layers that join blobs or take parts of them: Concat, Slice, Crop, Split, Permute, Silence. */
import { withDefaults } from "../../../schema/index.ts";
import type { Blob } from "../../../core/blob.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";

/** The axis along which the sizes of whole and parts differ; the first one where they do not. */
function partedAxis(whole: Blob, parts: readonly Blob[]): number {
  const axis = whole.shape.findIndex((size, i) => parts.some(({ shape }) => shape[i] !== size));
  return Math.max(0, axis);
}

export const concat: KernelFactory = (tensors, request) =>
  tensorKernel(tensors, request, {
    forward(bottoms, [top]) {
      const parts = bottoms.map((bottom) => tensors.data(bottom));
      tensors.setData(top!, tensors.tf.concat(parts, partedAxis(top!, bottoms)));
    },
    backward([top], propagateDown, bottoms) {
      const axis = partedAxis(top!, bottoms);
      const sizes = bottoms.map(({ shape }) => shape[axis]!);
      const parts = tensors.tf.split(tensors.diff(top!), sizes, axis);
      bottoms.forEach((bottom, i) => {
        if (propagateDown[i]) tensors.setDiff(bottom, parts[i]!);
      });
    },
  });

export const slice: KernelFactory = (tensors, request) =>
  tensorKernel(tensors, request, {
    forward([bottom], tops) {
      const axis = partedAxis(bottom!, tops);
      const sizes = tops.map(({ shape }) => shape[axis]!);
      const parts = tensors.tf.split(tensors.data(bottom!), sizes, axis);
      tops.forEach((top, i) => {
        tensors.setData(top, parts[i]!);
      });
    },
    backward(tops, propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const parts = tops.map((top) => tensors.diff(top));
      tensors.setDiff(bottom!, tensors.tf.concat(parts, partedAxis(bottom!, tops)));
    },
  });

/** The part of one blob that has the size of another. */
export const crop: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { axis, offset } = withDefaults("CropParameter", request.param.cropParam);
  const offsetsIn = ({ shape }: Blob): number[] => {
    const start = axis < 0 ? axis + shape.length : axis;
    return shape.map((_, i) =>
      i < start ? 0 : ((offset.length === 1 ? offset[0] : offset[i - start]) ?? 0),
    );
  };
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const part = tf.slice(tensors.data(bottom!), offsetsIn(bottom!), [...top!.shape]);
      tensors.setData(top!, part);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const margins = offsetsIn(bottom!).map((before, i): [number, number] => [
        before,
        bottom!.shape[i]! - before - top!.shape[i]!,
      ]);
      tensors.setDiff(bottom!, tf.pad(tensors.diff(top!), margins));
    },
  });
};

/** Split: the tops are the bottom's memory; their gradients add up. */
export const split: KernelFactory = (tensors, request) =>
  tensorKernel(tensors, request, {
    forward: (bottoms, tops) => request.layer.forward(bottoms, tops),
    backward(tops, propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      tensors.setDiff(bottom!, tensors.tf.addN(tops.map((top) => tensors.diff(top))));
    },
  });

/** The axes in another order. */
export const permute: KernelFactory = (tensors, request) => {
  const given = request.param.permuteParam?.order ?? [];
  const { length } = request.bottomBlobs[0]!.shape;
  const rest = Array.from({ length }, (_, axis) => axis).filter((axis) => !given.includes(axis));
  const order = [...given, ...rest];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      tensors.setData(top!, tensors.tf.transpose(tensors.data(bottom!), order));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      tensors.setDiff(bottom!, tensors.tf.transpose(tensors.diff(top!), inverse));
    },
  });
};

export const silence: KernelFactory = (tensors, request) =>
  tensorKernel(tensors, request, {
    forward() {},
    backward(_, propagateDown, bottoms) {
      bottoms.forEach((bottom, i) => {
        if (propagateDown[i]) tensors.setDiff(bottom, tensors.tf.zeros([...bottom.shape]));
      });
    },
  });
