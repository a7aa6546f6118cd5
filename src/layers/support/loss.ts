/** @file What the loss layers share: one scalar top, labels, and the number that a sum is divided by. */
import type { Blob } from "../../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../../core/layer.ts";
import { shapeString } from "../../core/shape.ts";
import type { LossParameter } from "../../schema/index.ts";

/** What most loss layers tell the net: data and label come in, a weighted scalar goes out. */
export const lossLayer = {
  bottoms: exactly(2),
  tops: exactly(1),
  autoTops: true,
  defaultLossWeight: (top) => (top === 0 ? 1 : 0),
  allowForceBackward: (bottom) => bottom !== 1,
} satisfies Partial<LayerDefinition>;

/** Checks the batch sizes and makes the first top a scalar. */
export function reshapeLoss(
  { fail }: LayerContext,
  [data, label]: readonly Blob[],
  tops: readonly Blob[],
): void {
  if (data!.shape[0] !== label!.shape[0]) {
    fail(
      "The data and label should have the same first dimension. " +
        `They are ${shapeString(data!.shape)} and ${shapeString(label!.shape)}.`,
      "bottom",
    );
  }
  tops[0]!.reshape();
}

/** Fails where the net wants a gradient for a bottom that has none. */
export function refuseLabelGradient(
  { param, fail }: LayerContext,
  propagateDown: readonly boolean[],
  bottom = 1,
  what = "label",
): void {
  if (!propagateDown[bottom]) return;
  fail(
    `${param.type} Layer cannot backpropagate to ${what} inputs. Bottom ${bottom} depends on ` +
      "something that learns; give it propagate_down: false.",
    "bottom",
  );
}

export type Normalization = NonNullable<LossParameter["normalization"]>;

/** The mode that a loss_param asks for; `normalize` is the older way to say it. */
export function normalizationOf(
  param: LossParameter | undefined,
  fallback: Normalization,
): Normalization {
  if (param?.normalization !== undefined) return param.normalization;
  if (param?.normalize === undefined) return fallback;
  return param.normalize ? "VALID" : "BATCH_SIZE";
}

/** What a summed loss is divided by; never below 1, so that a batch without a label gives 0. */
export function normalizer(
  mode: Normalization,
  outer: number,
  inner: number,
  valid: number,
): number {
  if (mode === "NONE") return 1;
  const all = mode === "VALID" ? valid : mode === "BATCH_SIZE" ? outer : outer * inner;
  return Math.max(1, all);
}

/** Fails because a label names no class. */
export function badLabel({ fail }: LayerContext, label: number, classes: number): never {
  return fail(
    `a label is ${label}, but there are ${classes} classes, so it must be at least 0 and below ` +
      `${classes}. If it marks what has no class, give it as ignore_label.`,
    "bottom",
  );
}

/**
 * Checks that there is one label for each prediction around the axis of the classes.
 * @param axisName what Caffe's sentence calls that axis
 */
export function checkLabelCount(
  { fail }: LayerContext,
  [data, label]: readonly Blob[],
  axis: number,
  axisName: "softmax" | "label" = "softmax",
): void {
  if (label!.count === data!.count / data!.shape[axis]!) return;
  fail(
    `Number of labels must match number of predictions; e.g., if ${axisName} axis == 1 and ` +
      "prediction shape is (N, C, H, W), label count (number of labels) must be N*H*W, with " +
      "integer values in {0, 1, ..., C-1}. " +
      `The predictions are ${shapeString(data!.shape)}, the labels ${shapeString(label!.shape)}.`,
    "bottom",
  );
}
