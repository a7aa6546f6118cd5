/** @file Sums over channels in float32, added in the order in which Caffe's BLAS adds. */

/** Positions that the BLAS takes at once; what is left of a plane is summed in another order. */
const LANES = 4;

/**
 * The sum over c of x[at + c inner], for one position of a plane of `inner` values.
 *
 * Caffe calls sgemv with a vector of ones for this. The order of OpenBLAS's AVX2 kernels is kept, so
 * that what depends on the last bit comes out as there: positions that are left of a plane after its
 * fours add up channel by channel; planes of fewer than four values in groups, two or four at once.
 * (`sgemv_n_4.c`; the fours are summed by src/math/kernels/softmax.ts.)
 */
export function sumInOrder(x: Float32Array, at: number, channels: number, inner: number): number {
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

/** The sum of x[at, at + n), in the order that `sumInOrder` has for planes of one value. */
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
