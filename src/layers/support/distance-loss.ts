/** @file What EuclideanLoss and L1Loss share: a distance of two blobs, summed and divided by N. */
import type { LayerDefinition } from "../../core/layer.ts";
import { count, shapeString } from "../../core/shape.ts";
import { lossLayer, reshapeLoss } from "./loss.ts";

/** What distinguishes one. */
interface Distance {
  readonly type: string;
  /** What a difference counts. */
  of(difference: number): number;
  /** What the sum is divided by besides N. */
  readonly divisor: number;
  /** The derivative of `of` by the difference, divided by `divisor`. */
  slope(difference: number): number;
}

/**
 * loss = sum of of(a - b) / (divisor N), with gradients to both bottoms.
 *
 * - Bottoms: a (N, ...); b, as many values for each of the N. Top: the loss, a scalar.
 */
export function distanceLoss({ type, of, divisor, slope }: Distance): LayerDefinition {
  return {
    type,
    ...lossLayer,
    allowForceBackward: () => true,
    setUp: (context) => ({
      blobs: [],
      reshape(bottoms, tops) {
        reshapeLoss(context, bottoms, tops);
        const [a, b] = bottoms;
        if (count(a!.shape, 1) === count(b!.shape, 1)) return;
        context.fail(
          "Inputs must have the same dimension. " +
            `They are ${shapeString(a!.shape)} and ${shapeString(b!.shape)}.`,
          "bottom",
        );
      },
      forward([a, b], [top]) {
        const x = a!.data;
        const y = b!.data;
        let sum = 0;
        for (let i = 0; i < x.length; i++) sum += of(x[i]! - y[i]!);
        top!.data[0] = sum / (divisor * a!.shape[0]!);
      },
      backward([top], propagateDown, bottoms) {
        const x = bottoms[0]!.data;
        const y = bottoms[1]!.data;
        const scale = top!.diff[0]! / bottoms[0]!.shape[0]!;
        for (let k = 0; k < 2; k++) {
          if (!propagateDown[k]) continue;
          const signed = k === 0 ? scale : -scale;
          const dx = bottoms[k]!.diff;
          for (let i = 0; i < dx.length; i++) dx[i] = slope(x[i]! - y[i]!) * signed;
        }
      },
    }),
  };
}
