/** @file Local response normalisation, across channels and within each. */
import { floats } from "./geometry";
import { arg, ceilDivide, floatArg, setArg, setFloatArg } from "./memory";
import { loadSome, madd, storeSome } from "./simd";
import { parallel, serial } from "./threads";

const IMAGES = 0;
const CHANNELS = 1;
const HEIGHT = 2;
const WIDTH = 3;
const SIZE = 4;
const ALPHA = 5;
const BETA = 6;
const K = 7;
const X = 8;
const SCALE = 9;
const Y = 10;
const DY = 11;
const DX = 12;
const WORK = 13;
const BLOCKS = 14;

/** Positions of a task: a strip through all channels. */
const STRIP = 128;
const SMALL = 16384;

/** Sets what all jobs share. `alpha` is already divided by the number of values in a window. */
export function setNormalisation(
  control: usize, images: i32, channels: i32, height: i32, width: i32, size: i32, alpha: f32,
  beta: f32, k: f32,
): void {
  setArg(control, IMAGES, images);
  setArg(control, CHANNELS, channels);
  setArg(control, HEIGHT, height);
  setArg(control, WIDTH, width);
  setArg(control, SIZE, size);
  setFloatArg(control, ALPHA, alpha);
  setFloatArg(control, BETA, beta);
  setFloatArg(control, K, k);
}

/** scale = k + alpha sum of x^2 over the neighbouring channels; y = x scale^-beta. */
export function lrnAcross(control: usize, x: usize, scale: usize, y: usize): void {
  setPlaces(control, x, scale, y, 0, 0, 0);
  runStrips(control, acrossTask.index);
}

/** dx = dy scale^-beta - 2 alpha beta x sum over the neighbouring channels of dy y / scale. */
export function lrnAcrossGradient(
  control: usize, x: usize, scale: usize, y: usize, dy: usize, dx: usize,
): void {
  setPlaces(control, x, scale, y, dy, dx, 0);
  runStrips(control, acrossGradientTask.index);
}

/** scale = 1 + alpha sum of x^2 over the window around each value; y = x scale^-beta. */
export function lrnWithin(control: usize, x: usize, scale: usize, y: usize): void {
  setPlaces(control, x, scale, y, 0, 0, 0);
  runPlanes(control, withinTask.index);
}

/**
 * dx = dy scale^-beta - 2 alpha beta x sum over the window of dy x scale^(-beta - 1).
 * @param work memory for as many floats as x has
 */
export function lrnWithinGradient(
  control: usize, x: usize, scale: usize, dy: usize, dx: usize, work: usize,
): void {
  setPlaces(control, x, scale, 0, dy, dx, work);
  runPlanes(control, withinGradientTask.index);
}

function setPlaces(
  control: usize, x: usize, scale: usize, y: usize, dy: usize, dx: usize, work: usize,
): void {
  setArg(control, X, <i32>x);
  setArg(control, SCALE, <i32>scale);
  setArg(control, Y, <i32>y);
  setArg(control, DY, <i32>dy);
  setArg(control, DX, <i32>dx);
  setArg(control, WORK, <i32>work);
}

function runStrips(control: usize, entry: u32): void {
  const blocks = ceilDivide(arg(control, HEIGHT) * arg(control, WIDTH), STRIP);
  setArg(control, BLOCKS, blocks);
  run(control, entry, arg(control, IMAGES) * blocks);
}

function runPlanes(control: usize, entry: u32): void {
  run(control, entry, arg(control, IMAGES) * arg(control, CHANNELS));
}

function run(control: usize, entry: u32, tasks: i32): void {
  const values = arg(control, IMAGES) * arg(control, CHANNELS) * arg(control, HEIGHT) * arg(control, WIDTH);
  if (values <= SMALL) serial(control, entry, tasks);
  else parallel(control, entry, tasks);
}

function acrossTask(control: usize, task: i32, _thread: i32): void {
  const channels = arg(control, CHANNELS);
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const blocks = arg(control, BLOCKS);
  const start = (task % blocks) * STRIP;
  const count = min(STRIP, area - start);
  const half = arg(control, SIZE) / 2;
  const alpha = f32x4.splat(floatArg(control, ALPHA));
  const k = f32x4.splat(floatArg(control, K));
  const beta = floatArg(control, BETA);
  const base = floats((task / blocks) * channels * area + start);
  const x = <usize>arg(control, X) + base;
  const scales = <usize>arg(control, SCALE), y = <usize>arg(control, Y);
  for (let c = 0; c < channels; c++) {
    const first = max(0, c - half), last = min(channels - 1, c + half);
    let from = x + floats(first * area);
    let place = base + floats(c * area);
    let n = count;
    for (; n > 3; n -= 4) {
      const scale = f32x4.add(k, f32x4.mul(alpha, squares(from, 4, last - first + 1, floats(area))));
      v128.store(scales + place, scale);
      v128.store(y + place, f32x4.mul(v128.load(<usize>arg(control, X) + place), inversePower(scale, beta)));
      from += 16;
      place += 16;
    }
    if (n > 0) {
      const scale = f32x4.add(k, f32x4.mul(alpha, squares(from, n, last - first + 1, floats(area))));
      storeSome(scales + place, scale, n);
      const value = loadSome(<usize>arg(control, X) + place, n);
      storeSome(y + place, f32x4.mul(value, inversePower(scale, beta)), n);
    }
  }
}

/** Sums the squares of the first `n` floats at `p`, and of so many rows after it; five, as most nets have, at once. */
// @ts-ignore: decorator
@inline
function squares(p: usize, n: i32, rows: i32, step: usize): v128 {
  if (n > 3 && rows == 5) {
    const a = v128.load(p), b = v128.load(p + step), c = v128.load(p + 2 * step);
    const d = v128.load(p + 3 * step), e = v128.load(p + 4 * step);
    return madd(e, e, madd(d, d, madd(c, c, madd(b, b, madd(a, a, f32x4.splat(0))))));
  }
  let sum = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const v = loadSome(p, n);
    sum = madd(v, v, sum);
    p += step;
  }
  return sum;
}

function acrossGradientTask(control: usize, task: i32, _thread: i32): void {
  const channels = arg(control, CHANNELS);
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const blocks = arg(control, BLOCKS);
  const start = (task % blocks) * STRIP;
  const count = min(STRIP, area - start);
  const half = arg(control, SIZE) / 2;
  const beta = floatArg(control, BETA);
  const factor = f32x4.splat(<f32>2 * floatArg(control, ALPHA) * beta);
  const base = floats((task / blocks) * channels * area + start);
  for (let c = 0; c < channels; c++) {
    const first = max(0, c - half), last = min(channels - 1, c + half);
    for (let i = 0; i < count; i += 4) {
      const n = count - i;
      let sum = f32x4.splat(0);
      for (let other = first; other <= last; other++) {
        const p = base + floats(other * area + i);
        const product = f32x4.mul(
          loadSome(<usize>arg(control, DY) + p, n), loadSome(<usize>arg(control, Y) + p, n),
        );
        sum = f32x4.add(sum, f32x4.div(product, loadSome(<usize>arg(control, SCALE) + p, n)));
      }
      const place = base + floats(c * area + i);
      const dy = loadSome(<usize>arg(control, DY) + place, n);
      const scale = loadSome(<usize>arg(control, SCALE) + place, n);
      const own = f32x4.mul(dy, inversePower(scale, beta));
      const others = f32x4.mul(f32x4.mul(factor, loadSome(<usize>arg(control, X) + place, n)), sum);
      storeSome(<usize>arg(control, DX) + place, f32x4.sub(own, others), n);
    }
  }
}

function withinTask(control: usize, plane: i32, _thread: i32): void {
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const offset = floats(plane * area);
  const x = <usize>arg(control, X) + offset;
  const scale = <usize>arg(control, SCALE) + offset;
  const y = <usize>arg(control, Y) + offset;
  const alpha = floatArg(control, ALPHA);
  const beta = floatArg(control, BETA);
  for (let i = 0; i < area; i += 4) {
    const n = min(4, area - i);
    for (let lane = 0; lane < n; lane++) {
      store<f32>(scale + floats(i + lane), 1 + alpha * aroundSum(control, x, x, i + lane));
    }
    const value = loadSome(x + floats(i), n);
    const s = loadSome(scale + floats(i), n);
    storeSome(y + floats(i), f32x4.mul(value, inversePower(s, beta)), n);
  }
}

function withinGradientTask(control: usize, plane: i32, _thread: i32): void {
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const offset = floats(plane * area);
  const x = <usize>arg(control, X) + offset;
  const scale = <usize>arg(control, SCALE) + offset;
  const dy = <usize>arg(control, DY) + offset;
  const dx = <usize>arg(control, DX) + offset;
  const work = <usize>arg(control, WORK) + offset;
  const beta = floatArg(control, BETA);
  for (let i = 0; i < area; i += 4) {
    const n = area - i;
    const s = loadSome(scale + floats(i), n);
    const own = f32x4.mul(loadSome(dy + floats(i), n), inversePower(s, beta));
    storeSome(dx + floats(i), own, n);
    storeSome(work + floats(i), f32x4.div(own, s), n);
  }
  const factor = <f32>2 * floatArg(control, ALPHA) * beta;
  for (let i = 0; i < area; i++) {
    const to = dx + floats(i);
    const others = aroundSum(control, work, x, i);
    store<f32>(to, load<f32>(to) - factor * load<f32>(x + floats(i)) * others);
  }
}

/** The sum of a b over the window around value i of a plane, as far as it lies in the plane. */
function aroundSum(control: usize, a: usize, b: usize, i: i32): f32 {
  const width = arg(control, WIDTH);
  const half = arg(control, SIZE) / 2;
  const h = i / width, w = i % width;
  const h1 = min(h + half, arg(control, HEIGHT) - 1), w1 = min(w + half, width - 1);
  let sum: f32 = 0;
  for (let row = max(0, h - half); row <= h1; row++) {
    for (let column = max(0, w - half); column <= w1; column++) {
      const at = floats(row * width + column);
      sum += load<f32>(a + at) * load<f32>(b + at);
    }
  }
  return sum;
}

/** s^-beta in each lane; by square roots for the beta of AlexNet. */
function inversePower(s: v128, beta: f32): v128 {
  if (beta == 0.75) {
    const root = f32x4.sqrt(s);
    return f32x4.div(f32x4.splat(1), f32x4.mul(root, f32x4.sqrt(root)));
  }
  let result = s;
  result = f32x4.replace_lane(result, 0, power(f32x4.extract_lane(s, 0), beta));
  result = f32x4.replace_lane(result, 1, power(f32x4.extract_lane(s, 1), beta));
  result = f32x4.replace_lane(result, 2, power(f32x4.extract_lane(s, 2), beta));
  return f32x4.replace_lane(result, 3, power(f32x4.extract_lane(s, 3), beta));
}

function power(s: f32, beta: f32): f32 {
  return <f32>NativeMath.pow(<f64>s, -<f64>beta);
}
