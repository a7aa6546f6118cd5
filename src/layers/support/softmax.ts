/** @file The softmax over one axis, which several layers need. */
import type { Blob } from "../../core/blob.ts";
import type { Engine } from "../../core/engine.ts";
import { type Shape, count } from "../../core/shape.ts";
import { sumInOrder, sumRow } from "./channel-sums.ts";
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

/** Positions that the engine takes at once. */
const LANES = 4;

/** Computes softmaxes; keeps the scratch memory that this takes. */
export class Softmax {
  readonly #engine: Engine;
  #view: AxisView = { outer: 0, channels: 0, inner: 0 };
  /** For each inner place: the sum of dy y. */
  #products = new Float64Array(0);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  reshape(view: AxisView): void {
    this.#view = view;
    if (this.#products.length < view.inner) this.#products = new Float64Array(view.inner);
  }

  /** y = e^(x - max) / sum of e^(x - max) along the axis, in Caffe's float32 steps; y may be x. */
  forward(x: Blob, y: Blob): void {
    const { outer, channels, inner } = this.#view;
    if (channels === 0) return;
    const whole = inner === 1 ? 0 : inner - (inner % LANES);
    if (whole > 0) {
      this.#engine.softmaxPlanes(outer, channels, inner, whole, x.dataPointer, y.dataPointer);
    }
    for (let o = 0; o < outer; o++) {
      for (let i = whole; i < inner; i++) {
        softmaxAt(x.data, y.data, o * channels * inner + i, channels, inner);
      }
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
}

/** The softmax of one position, whose channels lie `inner` values apart. */
function softmaxAt(
  x: Float32Array,
  y: Float32Array,
  at: number,
  channels: number,
  inner: number,
): void {
  const end = at + channels * inner;
  let max = x[at]!;
  for (let i = at; i < end; i += inner) if (x[i]! > max) max = x[i]!;
  for (let i = at; i < end; i += inner) y[i] = expOfNegative(Math.fround(x[i]! - max));
  const sum = inner === 1 ? sumRow(y, at, channels) : sumInOrder(y, at, channels, inner);
  for (let i = at; i < end; i += inner) y[i]! /= sum;
}
