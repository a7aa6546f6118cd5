/** @file The softmax over one axis, which several layers need. */
import { type Shape, count } from "../../core/shape.ts";
import { sumChannels, sumRow } from "./channel-sums.ts";
import { expOfNegative } from "./exp-of-negative.ts";

/** A blob seen around one axis: x[o, c, i]. */
export interface AxisView {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

export function viewAround(shape: Shape, axis: number): AxisView {
  return { outer: count(shape, 0, axis), channels: shape[axis]!, inner: count(shape, axis + 1) };
}

/** Computes softmaxes; keeps the scratch memory that this takes. */
export class Softmax {
  #view: AxisView = { outer: 0, channels: 0, inner: 0 };
  /** For each inner place: the largest value, and the sum of exponentials. */
  #max = new Float32Array(0);
  #sum = new Float32Array(0);
  /** For each inner place: the sum of dy y. */
  #products = new Float64Array(0);

  reshape(view: AxisView): void {
    this.#view = view;
    if (this.#max.length < view.inner) {
      this.#max = new Float32Array(view.inner);
      this.#sum = new Float32Array(view.inner);
      this.#products = new Float64Array(view.inner);
    }
  }

  /** y = e^(x - max) / sum of e^(x - max) along the axis, in Caffe's float32 steps; y may be x. */
  forward(x: Float32Array, y: Float32Array): void {
    const { outer, channels, inner } = this.#view;
    if (channels === 0) return;
    for (let o = 0; o < outer; o++) {
      if (inner === 1) softmaxRow(x, y, o * channels, channels);
      else this.#plane(x, y, o * channels * inner);
    }
  }

  /** dx = (dy - sum of dy y along the axis) y; dx may be dy. */
  backward(y: Float32Array, dy: Float32Array, dx: Float32Array): void {
    const { outer, channels, inner } = this.#view;
    const sum = this.#products;
    for (let o = 0; o < outer; o++) {
      const start = o * channels * inner;
      sum.fill(0, 0, inner);
      for (let c = 0, at = start; c < channels; c++) {
        for (let i = 0; i < inner; i++, at++) sum[i]! += dy[at]! * y[at]!;
      }
      for (let c = 0, at = start; c < channels; c++) {
        for (let i = 0; i < inner; i++, at++) dx[at] = (dy[at]! - sum[i]!) * y[at]!;
      }
    }
  }

  /** One outer index, walking memory in order: whole inner planes, channel by channel. */
  #plane(x: Float32Array, y: Float32Array, start: number): void {
    const { channels, inner } = this.#view;
    const max = this.#max;
    const sum = this.#sum;
    for (let i = 0; i < inner; i++) max[i] = x[start + i]!;
    for (let c = 1, at = start + inner; c < channels; c++) {
      for (let i = 0; i < inner; i++, at++) if (x[at]! > max[i]!) max[i] = x[at]!;
    }
    for (let c = 0, at = start; c < channels; c++) {
      for (let i = 0; i < inner; i++, at++) {
        y[at] = expOfNegative(Math.fround(x[at]! - max[i]!));
      }
    }
    sumChannels(y, start, channels, inner, sum);
    for (let c = 0, at = start; c < channels; c++) {
      for (let i = 0; i < inner; i++, at++) y[at]! /= sum[i]!;
    }
  }
}

/** The softmax of x[from, from + n). */
function softmaxRow(x: Float32Array, y: Float32Array, from: number, n: number): void {
  const end = from + n;
  let max = x[from]!;
  for (let i = from + 1; i < end; i++) if (x[i]! > max) max = x[i]!;
  for (let i = from; i < end; i++) y[i] = expOfNegative(Math.fround(x[i]! - max));
  const sum = sumRow(y, from, n);
  for (let i = from; i < end; i++) y[i]! /= sum;
}
