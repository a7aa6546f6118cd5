/** @file The losses of the last passes, each a tensor until somebody looks at them. */
import type { Tensor } from "../../core/tensor.ts";
import type { LossLog } from "../device.ts";
import type { Tensors } from "./tensors.ts";

/** Passes whose losses are kept. */
const SIZE = 64;

export function createLossLog(tensors: Tensors): LossLog {
  const { tf } = tensors;
  const zero: Tensor = tf.keep(tf.scalar(0));
  // All places hold a tensor from the start, so that their number does not grow while a net trains.
  const ring = Array.from({ length: SIZE }, () => tf.keep(tf.clone(zero)));
  let passes = 0;
  const put = (slot: number, loss: Tensor) => {
    ring[slot]!.dispose();
    ring[slot] = tf.keep(loss);
  };
  return {
    size: SIZE,
    start() {
      put(passes % SIZE, tf.clone(zero));
      passes++;
    },
    add(top, weight) {
      const slot = (passes - 1) % SIZE;
      tf.tidy(() => {
        const value = tensors.data(top);
        const sum = top.count === 1 ? tf.reshape(value, []) : tf.sum(value);
        const loss = weight === 1 ? sum : tf.mul(sum, tensors.scalar(weight));
        put(slot, tf.add(ring[slot]!, loss));
        tensors.setDiff(top, tf.fill([...top.shape], weight));
      });
    },
    async read(count) {
      const last = Array.from({ length: count }, (_, i) => ring[(passes - count + i) % SIZE]!);
      tensors.counts.bytesDown += 4 * count;
      return tf.tidy(() => tf.stack(last).dataSync<"float32">());
    },
    dispose() {
      for (const loss of [...ring, zero]) loss.dispose();
    },
  };
}
