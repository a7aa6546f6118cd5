/** @file A picture of signal strengths that anatomy is painted on, back to front, with soft edges. */
import type { RandomSource } from "../../../core/random.ts";
import { distanceTo, type Outline } from "./outline.ts";

/** Signal of a tissue: one value, or one for each pixel. */
export type Signal = number | ((x: number, y: number) => number);

/** Smooth random values in [-1, 1], features about `cell` pixels wide. */
export type NoiseField = (x: number, y: number) => number;

export function drawNoise(random: RandomSource, size: number, cell: number): NoiseField {
  const side = Math.ceil(size / cell) + 3;
  const grid = Float32Array.from({ length: side * side }, () => random.uniform(-1, 1));
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (x, y) => {
    const [u, v] = [Math.max(0, x / cell), Math.max(0, y / cell)];
    const [i, j] = [Math.min(side - 2, Math.floor(u)), Math.min(side - 2, Math.floor(v))];
    const [s, t] = [ease(Math.min(1, u - i)), ease(Math.min(1, v - j))];
    const at = j * side + i;
    const top = grid[at]! * (1 - s) + grid[at + 1]! * s;
    const bottom = grid[at + side]! * (1 - s) + grid[at + side + 1]! * s;
    return top * (1 - t) + bottom * t;
  };
}

export class Canvas {
  readonly size: number;
  readonly signal: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.signal = new Float32Array(size * size);
  }

  /** Paints the inside of an outline, as far as it lies within `clip`; edges mix over `softness` pixels. */
  fill(shape: Outline, signal: Signal, softness = 1.2, clip?: Outline): void {
    const most = shape.radii.reduce((a, b) => Math.max(a, b), 0) + softness;
    const least = shape.radii.reduce((a, b) => Math.min(a, b), most) - softness;
    const { x: cx, y: cy } = shape.center;
    const distance = (x: number, y: number): number => {
      // The direction of a pixel costs most, and matters only near the edge.
      const squared = (x - cx) ** 2 + (y - cy) ** 2;
      if (squared > most * most) return softness;
      const own = least > 0 && squared < least * least ? -softness : distanceTo(shape, x, y);
      return clip && own < softness ? Math.max(own, distanceTo(clip, x, y)) : own;
    };
    this.paint(distance, signal, softness, [cx - most, cy - most, cx + most, cy + most]);
  }

  /** Paints where `distance` is negative, within the box left, top, right, bottom. */
  paint(
    distance: (x: number, y: number) => number,
    signal: Signal,
    softness = 1.2,
    box: readonly [number, number, number, number] = [0, 0, this.size, this.size],
  ): void {
    const last = this.size - 1;
    const [left, top] = [Math.max(0, Math.floor(box[0])), Math.max(0, Math.floor(box[1]))];
    const [right, bottom] = [Math.min(last, Math.ceil(box[2])), Math.min(last, Math.ceil(box[3]))];
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const coverage = Math.min(1, 0.5 - distance(x, y) / softness);
        if (coverage <= 0) continue;
        const at = y * this.size + x;
        const value = typeof signal === "number" ? signal : signal(x, y);
        this.signal[at] = this.signal[at]! * (1 - coverage) + value * coverage;
      }
    }
  }

  /** The scanner's point spread: a Gaussian of `sigma` pixels, each direction in turn. */
  blur(sigma: number): void {
    const reach = Math.max(1, Math.ceil(2.5 * sigma));
    const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
      Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const { size, signal } = this;
    for (const [step, line] of [
      [1, size],
      [size, 1],
    ] as const) {
      const source = signal.slice();
      for (let j = 0; j < size; j++) {
        for (let i = 0; i < size; i++) {
          let sum = 0;
          for (let k = -reach; k <= reach; k++) {
            const at = Math.min(size - 1, Math.max(0, i + k));
            sum += source[j * line + at * step]! * weights[k + reach]!;
          }
          signal[j * line + i * step] = sum / total;
        }
      }
    }
  }
}
