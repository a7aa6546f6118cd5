/** @file The softmax over the channels of whole planes, four positions at a time. */
import { arg, ceilDivide, setArg } from "./memory";
import { parallel, serial } from "./threads";

const X = 0;
const Y = 1;
const CHANNELS = 2;
const INNER = 3;
const WIDTH = 4;
const PER_IMAGE = 5;

/** Positions of a task. */
const BLOCK = 1024;
const SMALL_WORK = 8192;

/**
 * y[o, c, i] = e^(x[o, c, i] - max) / sum of e^(x - max) over c, for positions i up to `width`, a multiple
 * of four. In float32, added as OpenBLAS's `sgemv_n_4.c` adds, so that what depends on the last bit comes
 * out as in Caffe (the other positions: src/layers/support/channel-sums.ts). y may be x.
 */
export function softmaxPlanes(
  control: usize, outer: i32, channels: i32, inner: i32, width: i32, x: usize, y: usize,
): void {
  const perImage = ceilDivide(width, BLOCK);
  setArg(control, X, <i32>x);
  setArg(control, Y, <i32>y);
  setArg(control, CHANNELS, channels);
  setArg(control, INNER, inner);
  setArg(control, WIDTH, width);
  setArg(control, PER_IMAGE, perImage);
  const tasks = outer * perImage;
  if (outer * channels * width < SMALL_WORK) serial(control, softmaxTask.index, tasks);
  else parallel(control, softmaxTask.index, tasks);
}

function softmaxTask(control: usize, task: i32, _thread: i32): void {
  const perImage = arg(control, PER_IMAGE);
  const channels = arg(control, CHANNELS);
  const inner = arg(control, INNER);
  const start = (task % perImage) * BLOCK;
  const end = min(start + BLOCK, arg(control, WIDTH));
  const plane = 4 * <usize>inner;
  const image = <usize>(task / perImage) * <usize>channels * plane;
  for (let i = start; i < end; i += 4) {
    const offset = image + 4 * <usize>i;
    quad(channels, plane, <usize>arg(control, X) + offset, <usize>arg(control, Y) + offset);
  }
}

/** Four positions that lie side by side. */
function quad(channels: i32, plane: usize, x: usize, y: usize): void {
  const bytes = <usize>channels * plane;
  let largest = v128.load(x);
  for (let p = x + plane; p < x + bytes; p += plane) largest = f32x4.pmax(largest, v128.load(p));
  for (let at: usize = 0; at < bytes; at += plane) {
    v128.store(y + at, expOfNegative(f32x4.sub(v128.load(x + at), largest)));
  }
  const sum = sumOfChannels(channels, plane, y);
  for (let p = y; p < y + bytes; p += plane) v128.store(p, f32x4.div(v128.load(p), sum));
}

/** Blocks of eight channels, then four, two and one, each as its even ones plus its odd ones. */
function sumOfChannels(channels: i32, plane: usize, y: usize): v128 {
  let sum = f32x4.splat(0);
  let left = channels;
  for (let block = 8; left > 0; left -= block) {
    while (block > left) block >>= 1;
    let even = v128.load(y);
    let odd = block > 1 ? v128.load(y + plane) : f32x4.splat(0);
    for (let c = 2; c < block; c += 2) {
      const p = y + <usize>c * plane;
      even = f32x4.add(even, v128.load(p));
      odd = f32x4.add(odd, v128.load(p + plane));
    }
    sum = f32x4.add(sum, f32x4.add(even, odd));
    y += <usize>block * plane;
  }
  return sum;
}

/** See src/layers/support/exp-of-negative.ts, whose results these are to the bit. */
// @ts-ignore: decorator
@inline
function expOfNegative(x: v128): v128 {
  const low = expOfPair(f64x2.promote_low_f32x4(x));
  const high = expOfPair(f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1)));
  const e = v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  // NaN stays NaN: it compares with nothing.
  return v128.andnot(e, f32x4.le(x, f32x4.splat(SMALLEST)));
}

/** Below this, e^x is nothing in float32. */
const SMALLEST: f32 = -104;
const LN2: f64 = 0.6931471805599453;

// @ts-ignore: decorator
@inline
function expOfPair(x: v128): v128 {
  const k = f64x2.floor(f64x2.sub(f64x2.splat(0.5), f64x2.div(x, f64x2.splat(LN2))));
  const r = f64x2.add(x, f64x2.mul(k, f64x2.splat(LN2)));
  let sum = f64x2.add(f64x2.splat(0.001394464869443607), f64x2.mul(r, f64x2.splat(0.00019790352645886972)));
  sum = f64x2.add(f64x2.splat(0.008333497008171051), f64x2.mul(r, sum));
  sum = f64x2.add(f64x2.splat(0.04166629509199627), f64x2.mul(r, sum));
  sum = f64x2.add(f64x2.splat(0.16666665869415467), f64x2.mul(r, sum));
  sum = f64x2.add(f64x2.splat(0.5000000067643063), f64x2.mul(r, sum));
  sum = f64x2.add(f64x2.splat(1), f64x2.mul(r, sum));
  sum = f64x2.add(f64x2.splat(1), f64x2.mul(r, sum));
  // 2^-k, from its bits; k is at most 150 where the result counts.
  const exponent = i64x2.sub(i64x2.splat(1023), i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(k)));
  return f64x2.mul(i64x2.shl(exponent, 52), sum);
}
