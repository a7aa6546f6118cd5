/** @file Mean and variance of each channel of (N, C, ...), and the gradient through them. */

/** @param inner values of a channel of one item */
export function channelMean(x: Float32Array, c: number, channels: number, inner: number): number {
  let sum = 0;
  for (let at = c * inner; at < x.length; at += channels * inner) {
    for (let i = at; i < at + inner; i++) sum += x[i]!;
  }
  return sum / (x.length / channels);
}

/** The biased variance around a mean that is known. */
export function channelVariance(
  x: Float32Array,
  mean: number,
  c: number,
  channels: number,
  inner: number,
): number {
  let sum = 0;
  for (let at = c * inner; at < x.length; at += channels * inner) {
    for (let i = at; i < at + inner; i++) sum += (x[i]! - mean) ** 2;
  }
  return sum / (x.length / channels);
}

/** dx = (dy - mean(dy) - y mean(dy y)) * scale, a channel at a time; dx may be dy. */
export function normalizeGradient(
  dy: Float32Array,
  dx: Float32Array,
  y: Float32Array,
  scales: Float64Array,
  inner: number,
): void {
  const channels = scales.length;
  const m = dy.length / channels;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let product = 0;
    for (let at = c * inner; at < dy.length; at += channels * inner) {
      for (let i = at; i < at + inner; i++) {
        sum += dy[i]!;
        product += dy[i]! * y[i]!;
      }
    }
    const meanDy = sum / m;
    const meanProduct = product / m;
    for (let at = c * inner; at < dy.length; at += channels * inner) {
      for (let i = at; i < at + inner; i++) {
        dx[i] = (dy[i]! - meanDy - meanProduct * y[i]!) * scales[c]!;
      }
    }
  }
}
