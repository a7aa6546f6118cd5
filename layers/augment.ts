import { type Blob, Layer } from "cortado";

/**
 * Turns, scales, shifts, flips and re-contrasts each image at random, and its label with it: what
 * makes a few hundred images do for a training.
 *
 * - Bottoms: images (N, C, H, W); labels (N, 1, H, W).
 * - Tops: the same, changed. Images are interpolated, labels take the nearest pixel's class; what lies
 *   outside continues the border.
 * - `param_str`: a dict; `rotate` in degrees and `scale`, `shift`, `gamma` as fractions, each drawn from
 *   -value to +value; `flip`: true to flip every second image from left to right; `seed`.
 *
 *     layer {
 *       name: "augment"  type: "Python"  include { stage: "train" }
 *       bottom: "raw_data"  bottom: "raw_label"  top: "data"  top: "label"
 *       python_param {
 *         module: "augment"  layer: "Augment"
 *         param_str: '{ "rotate": 15, "scale": 0.1, "shift": 0.05, "gamma": 0.3, "seed": 1 }'
 *       }
 *     }
 */
export class Augment extends Layer {
  settings = { rotate: 0, scale: 0, shift: 0, gamma: 0, flip: false, seed: 1 };
  state = 1;

  override setup(bottom: Blob[]): void {
    if (bottom.length !== 2) throw new Error("Augment needs images and labels.");
    Object.assign(this.settings, this.params);
    this.state = this.settings.seed;
  }

  override reshape(bottom: [Blob, Blob], top: [Blob, Blob]): void {
    top[0].reshape(...bottom[0].shape);
    top[1].reshape(...bottom[1].shape);
  }

  override forward([images, labels]: [Blob, Blob], top: [Blob, Blob]): void {
    const [N, C, H, W] = images.shape as [number, number, number, number];
    const plane = H * W;
    for (let n = 0; n < N; n++) {
      const map = this.drawMap(H, W);
      const gamma = Math.exp(this.draw(this.settings.gamma));
      for (let c = 0; c < C; c++) {
        const start = (n * C + c) * plane;
        warp(images.data, top[0].data, start, H, W, map, true);
        if (gamma !== 1) recontrast(top[0].data.subarray(start, start + plane), gamma);
      }
      warp(labels.data, top[1].data, n * plane, H, W, map, false);
    }
  }

  override backward(): void {}

  override saveState(): number {
    return this.state;
  }

  override restoreState(state: number): void {
    this.state = state;
  }

  /** The affine map from an output pixel to its source: x' = a x + b y + c, y' = d x + e y + f. */
  drawMap(H: number, W: number): number[] {
    const angle = (this.draw(this.settings.rotate) * Math.PI) / 180;
    const zoom = Math.exp(this.draw(this.settings.scale));
    const mirror = this.settings.flip && this.draw(1) < 0 ? -1 : 1;
    const [sin, cos] = [Math.sin(angle) * zoom, Math.cos(angle) * zoom];
    const [x0, y0] = [(W - 1) / 2, (H - 1) / 2];
    const c = x0 - mirror * cos * x0 + sin * y0 + this.draw(this.settings.shift) * W;
    const f = y0 - mirror * sin * x0 - cos * y0 + this.draw(this.settings.shift) * H;
    return [mirror * cos, -sin, c, mirror * sin, cos, f];
  }

  /** Uniform in [-limit, limit]; a small generator (mulberry32), so that a seed gives the same images again. */
  draw(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return limit * (((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1);
  }
}

/** Reads each pixel of a plane from where the map says: between four pixels, or at the nearest one. */
function warp(
  from: Float32Array,
  to: Float32Array,
  start: number,
  H: number,
  W: number,
  [a, b, c, d, e, f]: number[],
  smooth: boolean,
): void {
  const half = smooth ? 0 : 0.5;
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const u = Math.min(Math.max(a! * x + b! * y + c!, 0), W - 1);
      const v = Math.min(Math.max(d! * x + e! * y + f!, 0), H - 1);
      const [col, row] = [Math.floor(u + half), Math.floor(v + half)];
      const at = start + row * W + col;
      const out = start + y * W + x;
      if (!smooth) {
        to[out] = from[at]!;
        continue;
      }
      const right = at + (col < W - 1 ? 1 : 0);
      const down = row < H - 1 ? W : 0;
      const [p, q] = [u - col, v - row];
      const upper = from[at]! * (1 - p) + from[right]! * p;
      const lower = from[at + down]! * (1 - p) + from[right + down]! * p;
      to[out] = upper * (1 - q) + lower * q;
    }
  }
}

/** Bends the values between the plane's smallest and largest: t becomes t^gamma. */
function recontrast(values: Float32Array, gamma: number): void {
  const low = values.reduce((m, v) => Math.min(m, v), Number.POSITIVE_INFINITY);
  const high = values.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
  const range = high - low;
  if (range === 0) return;
  for (let i = 0; i < values.length; i++) {
    values[i] = low + range * ((values[i]! - low) / range) ** gamma;
  }
}
