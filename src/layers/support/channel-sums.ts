/** @file Sums over channels in float32, added in the order in which Caffe's BLAS adds. */

/** The most channels that are added to each other before they are added to the sum. */
const LARGEST_BLOCK = 8;
/** Positions that the BLAS takes at once; what is left of a plane is summed in another order. */
const LANES = 4;

/**
 * sum[i] = sum over c of x[at + c inner + i].
 *
 * Caffe calls sgemv with a vector of ones for this. The order of OpenBLAS's AVX2 kernels is kept, so
 * that what depends on the last bit comes out as there: `sgemv_n_4.c` adds blocks of eight channels,
 * then four, two and one, each as its even ones plus its odd ones.
 */
export function sumChannels(
  x: Float32Array,
  at: number,
  channels: number,
  inner: number,
  sum: Float32Array,
): void {
  sum.fill(0, 0, inner);
  const whole = inner - (inner % LANES);
  for (let block = LARGEST_BLOCK, c = 0; c < channels; c += block) {
    while (block > channels - c) block /= 2;
    addBlock(x, at + c * inner, block, inner, whole, sum);
  }
  for (let i = whole; i < inner; i++) sum[i] = sumInOrder(x, at + i, channels, inner);
}

function addBlock(
  x: Float32Array,
  at: number,
  block: number,
  inner: number,
  whole: number,
  sum: Float32Array,
): void {
  for (let i = 0; i < whole; i++) {
    let place = at + i;
    let even = x[place]!;
    let odd = block > 1 ? x[place + inner]! : 0;
    for (let c = 2; c < block; c += 2) {
      place += 2 * inner;
      even = Math.fround(even + x[place]!);
      odd = Math.fround(odd + x[place + inner]!);
    }
    sum[i] = sum[i]! + Math.fround(even + odd);
  }
}

/** One position: channel by channel; planes of fewer than four values in groups, two or four at once. */
function sumInOrder(x: Float32Array, at: number, channels: number, inner: number): number {
  const group = inner >= LANES ? 1 : inner === 2 ? 2 : 4;
  const grouped = channels - (channels % LANES);
  let sum = 0;
  let c = 0;
  while (c < grouped) {
    let part = 0;
    for (const end = c + group; c < end; c++) part = Math.fround(part + x[at + c * inner]!);
    sum = Math.fround(sum + part);
  }
  for (; c < channels; c++) sum = Math.fround(sum + x[at + c * inner]!);
  return sum;
}

/** The sum of x[at, at + n), in the order that `sumChannels` has for planes of one value. */
export function sumRow(x: Float32Array, at: number, n: number): number {
  const end = at + n;
  let sum = 0;
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const three = Math.fround(Math.fround(x[i]! + x[i + 1]!) + x[i + 2]!);
    sum = Math.fround(sum + Math.fround(three + x[i + 3]!));
  }
  for (; i < end; i++) sum = Math.fround(sum + x[i]!);
  return sum;
}
