/** @file Scale and Bias: a small blob spread over a large one, from some axis on. */
import type { Blob } from "../../core/blob.ts";
import type { LayerContext } from "../../core/layer.ts";
import { type Shape, count, shapeString } from "../../core/shape.ts";
import { axisOf } from "./axis.ts";

/** How the small blob lies in the large one: x[o, d, i] meets s[d]. */
export interface Broadcast {
  readonly outer: number;
  readonly dim: number;
  readonly inner: number;
}

/** What Scale and Bias say about axes. */
export interface BroadcastParam {
  readonly axis: number;
  readonly numAxes: number;
  /** The field of the layer's parameters, and Caffe's word for the small blob. */
  readonly field: "scaleParam" | "biasParam";
  readonly what: "scale" | "bias";
}

/** The shape of a learned small blob: `numAxes` of the bottom's axes from `axis` on, -1 for all. */
export function learnedShape(context: LayerContext, param: BroadcastParam): Shape {
  const { shape } = context.bottoms[0]!;
  const { axis, numAxes, field, what } = param;
  const start = axisOf(context, shape, axis, `${field}.axis`);
  if (numAxes < -1) {
    context.fail(
      `num_axes must be non-negative, or -1 to extend to the end of bottom[0]; it is ${numAxes}`,
      `${field}.numAxes`,
    );
  }
  if (numAxes === -1) return shape.slice(start);
  if (shape.length < start + numAxes) {
    context.fail(
      `${what} blob's shape extends past bottom[0]'s shape when applied starting with bottom[0] ` +
        `axis = ${start} (num_axes ${numAxes}, bottom ${shapeString(shape)})`,
      `${field}.numAxes`,
    );
  }
  return shape.slice(start, start + numAxes);
}

/** Checks that `small` fits `large` from `axis` on. A scalar fits everywhere. */
export function broadcastOf(
  context: LayerContext,
  param: BroadcastParam,
  large: Blob,
  small: Blob,
): Broadcast {
  const { field, what } = param;
  const axes = small.shape.length;
  const axis = axes === 0 ? 0 : axisOf(context, large.shape, param.axis, `${field}.axis`);
  if (large.shape.length < axis + axes) {
    context.fail(
      `${what} blob's shape extends past bottom[0]'s shape when applied starting with bottom[0] ` +
        `axis = ${axis}: ${shapeString(small.shape)} on ${shapeString(large.shape)}`,
      `${field}.axis`,
    );
  }
  small.shape.forEach((size, i) => {
    if (large.shape[axis + i] === size) return;
    context.fail(
      `dimension mismatch between bottom[0]->shape(${axis + i}) and ${what}->shape(${i}): ` +
        `${large.shape[axis + i]} and ${size}`,
      "bottom",
    );
  });
  return {
    outer: count(large.shape, 0, axis),
    dim: small.count,
    inner: count(large.shape, axis + axes),
  };
}
