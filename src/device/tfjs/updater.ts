/** @file The solvers' updates as TensorFlow.js operations. */
import type { Tensor, TensorFlow } from "../../core/tensor.ts";
import type { DeviceUpdater, UpdatedParameter } from "../device.ts";
import type { SolverType, UpdateConstants } from "../update.ts";
import type { Tensors } from "./tensors.ts";

/** One parameter in one update; `g` is its gradient, scaled and regularised. */
interface Step {
  readonly tf: TensorFlow;
  readonly constants: UpdateConstants;
  readonly g: Tensor;
  /** The histories before the update. */
  readonly h: Tensor;
  readonly h2: Tensor;
  /** The rate times lr_mult, with Adam's correction. */
  readonly rate: Tensor;
  /** A constant as a tensor. */
  of(value: number): Tensor;
}

/** The histories after the update, and what is taken from the weights. */
interface Outcome {
  readonly h: Tensor;
  readonly h2?: Tensor;
  readonly update: Tensor;
}

/** As src/solver has them, one file a type. */
const rules: Readonly<Record<SolverType, (step: Step) => Outcome>> = {
  SGD(step) {
    const h = heavyBall(step);
    return { h, update: h };
  },
  Nesterov(step) {
    const { tf, constants, of } = step;
    const { momentum } = constants;
    const h = heavyBall(step);
    const update = tf.sub(tf.mul(h, of(1 + momentum)), tf.mul(step.h, of(momentum)));
    return { h, update };
  },
  AdaGrad(step) {
    const { tf, g } = step;
    const h = tf.add(step.h, tf.square(g));
    return { h, update: normalized(step, g, h) };
  },
  RMSProp(step) {
    const h = movingMean(step, step.h, step.tf.square(step.g), step.constants.rmsDecay);
    return { h, update: normalized(step, step.g, h) };
  },
  AdaDelta(step) {
    const { tf, g, constants, of, rate } = step;
    const { momentum, delta } = constants;
    const h = movingMean(step, step.h, tf.square(g), momentum);
    const ratio = tf.div(tf.add(step.h2, of(delta)), tf.add(h, of(delta)));
    const move = tf.mul(g, tf.sqrt(ratio));
    const h2 = movingMean(step, step.h2, tf.square(move), momentum);
    return { h, h2, update: tf.mul(move, rate) };
  },
  Adam(step) {
    const { tf, g, constants } = step;
    const h = movingMean(step, step.h, g, constants.momentum);
    const h2 = movingMean(step, step.h2, tf.square(g), constants.momentum2);
    return { h, h2, update: normalized(step, h, h2) };
  },
};

/** rate g + momentum h */
function heavyBall({ tf, g, h, rate, constants, of }: Step): Tensor {
  const pushed = tf.mul(g, rate);
  return constants.momentum === 0 ? pushed : tf.add(pushed, tf.mul(h, of(constants.momentum)));
}

/** kept before + (1 - kept) now */
function movingMean({ tf, of }: Step, before: Tensor, now: Tensor, kept: number): Tensor {
  return tf.add(tf.mul(before, of(kept)), tf.mul(now, of(1 - kept)));
}

/** rate x / (sqrt(square) + delta) */
function normalized({ tf, rate, constants, of }: Step, x: Tensor, square: Tensor): Tensor {
  return tf.div(tf.mul(x, rate), tf.add(tf.sqrt(square), of(constants.delta)));
}

/** Norms that are kept until somebody looks at them. */
const NORMS = 64;

/** Prepares the update of parameters whose gradients the device computes. */
export function createUpdater(
  tensors: Tensors,
  type: SolverType,
  constants: UpdateConstants,
  params: readonly UpdatedParameter[],
  limit?: number,
): DeviceUpdater {
  const { tf } = tensors;
  const of = (value: number) => tensors.scalar(value);
  const isL1 = constants.regularization === "L1";

  function update(param: UpdatedParameter, rate: Tensor, scale: Tensor | undefined): void {
    const { blob, history, decay } = param;
    const w = tensors.data(blob);
    const diff = tensors.diff(blob);
    let g = scale ? tf.mul(diff, scale) : diff;
    if (decay !== 0) g = tf.add(g, tf.mul(isL1 ? tf.sign(w) : w, of(decay)));
    const h = tensors.data(history[0]!);
    const h2 = history[1] ? tensors.data(history[1]) : h;
    const outcome = rules[type]({ tf, constants, of, g, h, h2, rate });
    // The new tensors first: writing disposes of those that they are made from.
    const next = tf.sub(w, outcome.update);
    tensors.setDiff(blob, tf.clone(outcome.update));
    tensors.setData(history[0]!, outcome.h);
    if (outcome.h2) tensors.setData(history[1]!, outcome.h2);
    tensors.setData(blob, next);
  }

  const squares = () => tf.addN(params.map(({ blob }) => tf.sum(tf.square(tensors.diff(blob)))));
  /** The norms of the last updates; all places hold a tensor, so that their number does not grow. */
  const norms: Tensor[] =
    limit === undefined ? [] : Array.from({ length: NORMS }, () => tf.keep(tf.scalar(0)));
  let updates = 0;

  /** What gradients are multiplied with, so that their norm is at most the limit. */
  function clipped(scale: number, most: number): Tensor {
    const slot = updates % NORMS;
    norms[slot]!.dispose();
    const norm = tf.keep(tf.sqrt(squares()));
    norms[slot] = norm;
    const factor = tf.where(tf.greater(norm, most), tf.div(tf.scalar(most), norm), tf.scalar(1));
    return scale === 1 ? factor : tf.mul(factor, tf.scalar(scale));
  }

  return {
    async squaredNorm() {
      if (params.length === 0) return 0;
      tensors.counts.bytesDown += 4;
      return tf.tidy(() => squares().dataSync()[0]!);
    },
    normsKept: NORMS,
    async readNorms(count) {
      const last = Array.from({ length: count }, (_, i) => norms[(updates - count + i) % NORMS]!);
      tensors.counts.bytesDown += 4 * count;
      return tf.tidy(() => tf.stack(last).dataSync<"float32">());
    },
    apply(rate, scale, iter) {
      const t = iter + 1;
      const { momentum, momentum2 } = constants;
      const correction = Math.sqrt(1 - momentum2 ** t) / (1 - momentum ** t);
      const corrected = type === "Adam" ? rate * correction : rate;
      const isClipped = limit !== undefined && params.length > 0;
      const factor = isClipped ? tf.keep(tf.tidy(() => clipped(scale, limit))) : undefined;
      updates++;
      // Parameter by parameter, so that the tensors in between take the room of one.
      for (const param of params) {
        tensors.counts.dispatches++;
        tf.tidy(() => {
          const scaled = factor ?? (scale === 1 ? undefined : tf.scalar(scale));
          update(param, tf.scalar(corrected * param.lrMult), scaled);
        });
      }
      factor?.dispose();
    },
    dispose() {
      for (const norm of norms) norm.dispose();
    },
  };
}
