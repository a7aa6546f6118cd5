/** @file What to tell a user whose loss is no longer a number. */
import { generalNumber } from "../core/general-number.ts";
import type { Net } from "../net/net.ts";

const ADVICE =
  "Try a lower base_lr, clip_gradients, and input that is scaled or has its mean subtracted.";

/** -ln of the smallest normal float32: what a softmax loss is when the right class has no chance. */
const SATURATED = 87.3365;

/** Whether a loss shows that a training has failed: it is no number, infinite, or saturated. */
export function hasDiverged(loss: number): boolean {
  return !Number.isFinite(loss) || isSaturated(loss);
}

function isSaturated(loss: number): boolean {
  return Math.abs(loss - SATURATED) < 1e-3;
}

export interface Diagnosis {
  /** What is wrong since when, and what to try. */
  readonly diagnosis: string;
  /** Where the first values are that are not finite; absent where all are. */
  readonly place?: string | undefined;
}

export async function diagnose(net: Net, loss: number, iter: number): Promise<Diagnosis> {
  const since = `The loss is ${generalNumber(loss)} since iteration ${iter}`;
  if (isSaturated(loss)) {
    return {
      diagnosis: `${since}: the softmax gives the right classes no chance at all, so the scores have grown out of bounds. ${ADVICE}`,
    };
  }
  await net.sync();
  const place = firstNonFinite(net);
  const what = place
    ? `${since}. The first values that are not finite are in ${place}.`
    : `${since}, though all blobs are finite: the sum of the losses overflows.`;
  return { diagnosis: `${what} ${ADVICE}`, place };
}

/** Where values stop being finite, in the order in which the net computes: parameters before tops. */
function firstNonFinite(net: Net): string | undefined {
  for (const layer of net.layers) {
    const of = `layer "${layer.name}" (${layer.type})`;
    const param = layer.blobs.findIndex((blob) => !allFinite(blob.data));
    if (param >= 0) return `parameter ${param} of ${of}: the last update made them so`;
    const top = layer.tops.find((name) => !allFinite(net.blobs.get(name)?.data ?? []));
    if (top !== undefined) return `blob "${top}", top of ${of}`;
  }
  return undefined;
}

function allFinite(values: ArrayLike<number>): boolean {
  // A sum is finite only if all its terms are; it overflows float64 only far beyond float32.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return Number.isFinite(sum);
}
