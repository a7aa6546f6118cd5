/**
 * @file From quantised coefficients to samples: dequantisation, inverse DCT, and enlarging of subsampled components.
 *
 * The inverse transform is that of Loeffler, Ligtenberg and Moschytz in 13-bit fixed point, with the roundings of
 * libjpeg's default ("islow") method and its triangle filter for subsampled components, so that the samples are the
 * ones that the tools of the field give.
 */
import type { McuGrid, Plane } from "./coefficients.ts";

const BITS = 13;
/** cos- and sin-derived factors in 13-bit fixed point; the name is the factor in units of 1e-4. */
const F2986 = 2446;
const F3901 = 3196;
const F5411 = 4433;
const F7653 = 6270;
const F8999 = 7373;
const F11758 = 9633;
const F15013 = 12299;
const F18477 = 15137;
const F19615 = 16069;
const F20531 = 16819;
const F25629 = 20995;
const F30727 = 25172;

/** One component's samples. */
export interface SamplePlane {
  readonly columns: number;
  readonly rows: number;
  readonly stride: number;
  readonly samples: Uint16Array;
}

/** Transforms a whole plane; samples are clamped to `precision` bits. */
export function reconstruct(plane: Plane, quant: Uint16Array, precision: number): SamplePlane {
  const stride = plane.blockStride * 8;
  const samples = new Uint16Array(stride * plane.blockRows * 8);
  const block = new Int32Array(64);
  // libjpeg keeps two extra bits between the passes, and one when samples have 12 bits, to stay within 32.
  const extra = precision <= 8 ? 2 : 1;
  const center = 1 << (precision - 1);
  const max = (1 << precision) - 1;
  for (let blockRow = 0, at = 0; blockRow < plane.blockRows; blockRow++) {
    for (let blockColumn = 0; blockColumn < plane.blockStride; blockColumn++, at += 64) {
      for (let i = 0; i < 64; i++) block[i] = Math.imul(plane.coefficients[at + i]!, quant[i]!);
      for (let i = 0; i < 8; i++) transform(block, i, 8, BITS - extra);
      for (let i = 0; i < 64; i += 8) transform(block, i, 1, BITS + extra + 3);
      let to = blockRow * 8 * stride + blockColumn * 8;
      for (let i = 0; i < 64; i++) {
        samples[to + (i & 7)] = Math.min(max, Math.max(0, block[i]! + center));
        if ((i & 7) === 7) to += stride;
      }
    }
  }
  return { columns: plane.columns, rows: plane.rows, stride, samples };
}

/** The one-dimensional transform of eight values `step` apart, scaled down by 2^shift with rounding. */
function transform(b: Int32Array, at: number, step: number, shift: number): void {
  const [i1, i2, i3] = [at + step, at + 2 * step, at + 3 * step];
  const [i4, i5, i6, i7] = [at + 4 * step, at + 5 * step, at + 6 * step, at + 7 * step];
  const evenTurn = Math.imul(b[i2]! + b[i6]!, F5411);
  const even2 = evenTurn - Math.imul(b[i6]!, F18477);
  const even3 = evenTurn + Math.imul(b[i2]!, F7653);
  const sum = (b[at]! + b[i4]!) << BITS;
  const difference = (b[at]! - b[i4]!) << BITS;
  const [e0, e1, e2, e3] = [sum + even3, difference + even2, difference - even2, sum - even3];

  const turn = Math.imul(b[i7]! + b[i3]! + b[i5]! + b[i1]!, F11758);
  const a = -Math.imul(b[i7]! + b[i1]!, F8999);
  const c = -Math.imul(b[i5]! + b[i3]!, F25629);
  const d = turn - Math.imul(b[i7]! + b[i3]!, F19615);
  const e = turn - Math.imul(b[i5]! + b[i1]!, F3901);
  const o0 = Math.imul(b[i1]!, F15013) + a + e;
  const o1 = Math.imul(b[i3]!, F30727) + c + d;
  const o2 = Math.imul(b[i5]!, F20531) + c + e;
  const o3 = Math.imul(b[i7]!, F2986) + a + d;

  const half = 1 << (shift - 1);
  b[at] = (e0 + o0 + half) >> shift;
  b[i7] = (e0 - o0 + half) >> shift;
  b[i1] = (e1 + o1 + half) >> shift;
  b[i6] = (e1 - o1 + half) >> shift;
  b[i2] = (e2 + o2 + half) >> shift;
  b[i5] = (e2 - o2 + half) >> shift;
  b[i3] = (e3 + o3 + half) >> shift;
  b[i4] = (e3 - o3 + half) >> shift;
}

/** Enlarges a plane to the frame's size: by the triangle filter for 2:1, by repetition for any other ratio. */
export function enlarge(
  plane: SamplePlane,
  source: Plane,
  grid: McuGrid,
  rows: number,
  columns: number,
): SamplePlane {
  const byX = grid.maxH / source.h;
  const byY = grid.maxV / source.v;
  if (byX === 1 && byY === 1) return plane;
  // libjpeg filters only components wider than two samples.
  const smooth = byX === 2 && (byY === 1 || byY === 2) && plane.columns > 2;
  const samples = new Uint16Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const out = samples.subarray(y * columns, (y + 1) * columns);
    if (smooth) smoothRow(plane, y, byY, out);
    else {
      const row = Math.floor(y / byY) * plane.stride;
      for (let x = 0; x < columns; x++) out[x] = plane.samples[row + Math.floor(x / byX)]!;
    }
  }
  return { columns, rows, stride: columns, samples };
}

/** One row, doubled in width: each sample is 3/4 its nearest and 1/4 its next neighbour, in each direction enlarged. */
function smoothRow(plane: SamplePlane, y: number, byY: number, out: Uint16Array): void {
  const { stride, samples } = plane;
  const near = byY === 1 ? y : y >> 1;
  const far =
    byY === 1 ? y : Math.min(plane.rows - 1, Math.max(0, y % 2 === 0 ? near - 1 : near + 1));
  // Sums of the two rows count four times when both directions are enlarged, once otherwise.
  const at = (x: number): number =>
    byY === 1
      ? samples[near * stride + x]!
      : 3 * samples[near * stride + x]! + samples[far * stride + x]!;
  const shift = byY === 1 ? 2 : 4;
  const [roundLeft, roundRight] = byY === 1 ? [1, 2] : [8, 7];
  const last = plane.columns - 1;
  for (let x = 0; x < out.length; x++) {
    const own = x >> 1;
    const left = x % 2 === 0;
    const next = left ? own - 1 : own + 1;
    const neighbour = next < 0 || next > last ? at(own) : at(next);
    out[x] = (3 * at(own) + neighbour + (left ? roundLeft : roundRight)) >> shift;
  }
}
