/** @file Sums, and what goes with channels: biases. */
import { arg, ceilDivide, setArg } from "./memory";
import { loadSome, storeSome, sumLanes } from "./simd";
import { parallel, serial } from "./threads";

const X = 0;
const Y = 1;
const OUT = 2;
const COUNT = 3;
const BLOCK_ = 4;

const OUTER = 4;
const CHANNELS = 5;
const INNER = 6;
const PER_TASK = 7;

/** Floats of a task, about; smaller jobs stay on the calling thread. */
const BLOCK = 16384;
const MAX_BLOCKS = 4096;

/**
 * The sum of x y in float64. Each block's sum goes to `partial` (at most 4096 float64), and they are
 * added in order.
 */
export function dot(control: usize, n: i32, x: usize, y: usize, partial: usize): f64 {
  const block = max(BLOCK, (ceilDivide(n, MAX_BLOCKS) + 3) & ~3);
  const blocks = ceilDivide(n, block);
  setArg(control, X, <i32>x);
  setArg(control, Y, <i32>y);
  setArg(control, OUT, <i32>partial);
  setArg(control, COUNT, n);
  setArg(control, BLOCK_, block);
  if (blocks <= 2) serial(control, dotTask.index, blocks);
  else parallel(control, dotTask.index, blocks);
  let sum: f64 = 0;
  for (let i = 0; i < blocks; i++) sum += load<f64>(partial + 8 * <usize>i);
  return sum;
}

function dotTask(control: usize, task: i32, _thread: i32): void {
  const block = arg(control, BLOCK_);
  const start = task * block;
  let x = <usize>arg(control, X) + 4 * <usize>start;
  let y = <usize>arg(control, Y) + 4 * <usize>start;
  let low = f64x2.splat(0), high = low;
  for (let n = min(block, arg(control, COUNT) - start); n > 0; n -= 4) {
    const a = loadSome(x, n), b = loadSome(y, n);
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)));
    const c = v128.shuffle<i32>(a, a, 2, 3, 0, 1), d = v128.shuffle<i32>(b, b, 2, 3, 0, 1);
    high = f64x2.add(high, f64x2.mul(f64x2.promote_low_f32x4(c), f64x2.promote_low_f32x4(d)));
    x += 16; y += 16;
  }
  const sum = f64x2.add(low, high);
  store<f64>(
    <usize>arg(control, OUT) + 8 * <usize>task, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
  );
}

/** y[o, c, i] += bias[c] */
export function addBias(control: usize, outer: i32, channels: i32, inner: i32, bias: usize, y: usize): void {
  if (channels * inner == 0) return;
  setArg(control, X, <i32>bias);
  setArg(control, Y, <i32>y);
  setArg(control, CHANNELS, channels);
  setArg(control, INNER, inner);
  const rows = inner == 1 ? outer : outer * channels;
  const perTask = max(1, BLOCK / (inner == 1 ? channels : inner));
  setArg(control, PER_TASK, perTask);
  setArg(control, COUNT, rows);
  const entry = inner == 1 ? addRowTask.index : addBiasTask.index;
  const tasks = ceilDivide(rows, perTask);
  if (tasks <= 2) serial(control, entry, tasks);
  else parallel(control, entry, tasks);
}

function addBiasTask(control: usize, task: i32, _thread: i32): void {
  const bias = <usize>arg(control, X);
  const channels = arg(control, CHANNELS);
  const inner = arg(control, INNER);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, COUNT));
  for (let row = task * perTask; row < end; row++) {
    const b = f32x4.splat(load<f32>(bias + 4 * <usize>(row % channels)));
    let y = <usize>arg(control, Y) + 4 * <usize>(row * inner);
    for (let n = inner; n > 0; n -= 4) {
      storeSome(y, f32x4.add(loadSome(y, n), b), n);
      y += 16;
    }
  }
}

/** The case inner = 1: a row of channels gets the whole bias. */
function addRowTask(control: usize, task: i32, _thread: i32): void {
  const channels = arg(control, CHANNELS);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, COUNT));
  for (let row = task * perTask; row < end; row++) {
    let bias = <usize>arg(control, X);
    let y = <usize>arg(control, Y) + 4 * <usize>(row * channels);
    for (let n = channels; n > 0; n -= 4) {
      storeSome(y, f32x4.add(loadSome(y, n), loadSome(bias, n)), n);
      y += 16; bias += 16;
    }
  }
}

/** dbias[c] += sum over o and i of dy[o, c, i] */
export function biasGradient(
  control: usize, outer: i32, channels: i32, inner: i32, dy: usize, dbias: usize,
): void {
  if (outer * inner == 0) return;
  setArg(control, X, <i32>dy);
  setArg(control, Y, <i32>dbias);
  setArg(control, OUTER, outer);
  setArg(control, CHANNELS, channels);
  setArg(control, INNER, inner);
  const perTask = (max(1, BLOCK / (outer * inner)) + 3) & ~3;
  setArg(control, PER_TASK, perTask);
  const entry = inner == 1 ? columnSumTask.index : biasGradientTask.index;
  const tasks = ceilDivide(channels, perTask);
  if (outer * channels * inner <= 2 * BLOCK) serial(control, entry, tasks);
  else parallel(control, entry, tasks);
}

function biasGradientTask(control: usize, task: i32, _thread: i32): void {
  const outer = arg(control, OUTER);
  const channels = arg(control, CHANNELS);
  const inner = arg(control, INNER);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, channels);
  for (let c = task * perTask; c < end; c++) {
    let sum: f64 = 0;
    for (let o = 0; o < outer; o++) {
      sum += <f64>sumOf(<usize>arg(control, X) + 4 * <usize>((o * channels + c) * inner), inner);
    }
    const to = <usize>arg(control, Y) + 4 * <usize>c;
    store<f32>(to, <f32>(<f64>load<f32>(to) + sum));
  }
}

/** The sum of n floats, in eight interleaved parts. */
function sumOf(x: usize, n: i32): f32 {
  let even = f32x4.splat(0), odd = even;
  for (; n >= 8; n -= 8) {
    even = f32x4.add(even, v128.load(x));
    odd = f32x4.add(odd, v128.load(x, 16));
    x += 32;
  }
  for (; n > 0; n -= 4) {
    even = f32x4.add(even, loadSome(x, n));
    x += 16;
  }
  return sumLanes(f32x4.add(even, odd));
}

/** The case inner = 1: the sum of the rows. */
function columnSumTask(control: usize, task: i32, _thread: i32): void {
  const outer = arg(control, OUTER);
  const channels = arg(control, CHANNELS);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, channels);
  for (let c = task * perTask; c < end; c += 4) {
    let sum = f32x4.splat(0);
    let x = <usize>arg(control, X) + 4 * <usize>c;
    for (let o = 0; o < outer; o++) {
      sum = f32x4.add(sum, loadSome(x, end - c));
      x += 4 * <usize>channels;
    }
    const to = <usize>arg(control, Y) + 4 * <usize>c;
    storeSome(to, f32x4.add(loadSome(to, end - c), sum), end - c);
  }
}
