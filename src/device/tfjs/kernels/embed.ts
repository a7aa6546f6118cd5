/** @file Embed: rows of a table. */
import type { Blob } from "../../../core/blob.ts";
import { hasBadLabel } from "./labels.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** y[m] = W[x[m]] + b, as src/layers/embed.ts has it. */
export const embed: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, propagateDown } = request;
  if (propagateDown[0]) return undefined; // The host says that indices have no gradient.
  const [weight, bias] = layer.blobs as [Blob, Blob?];
  const [entries, width] = weight.shape as [number, number];
  const indices = new Slot(tensors);
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      // The host tells which index it is.
      if (hasBadLabel(tensors.hostValues(bottom!), entries, undefined)) {
        return layer.forward([bottom!], [top!]);
      }
      indices.set(tf.cast(tensors.data(bottom!, [bottom!.count]), "int32"));
      const rows = tf.gather(tensors.data(weight), indices.tensor.as1D());
      tensors.setData(top!, bias ? tf.add(rows, tensors.data(bias, [1, width])) : rows);
    },
    backward([top]) {
      const dy = tensors.diff(top!, [top!.count / width, width]);
      if (layer.paramPropagateDown?.[0]) {
        tensors.addDiff(weight, tf.unsortedSegmentSum(dy, indices.tensor.as1D(), entries));
      }
      if (bias && layer.paramPropagateDown?.[1]) tensors.addDiff(bias, tf.sum(dy, 0));
    },
    dispose: () => indices.dispose(),
  });
};
