/** @file Arithmetic element by element, over blocks of a fixed size. */
import { arg, ceilDivide, floatArg, setArg, setFloatArg } from "./memory";
import { copyFloats, fillFloats, loadSome, storeSome } from "./simd";
import { parallel, serial } from "./threads";

// Arguments: three arrays, how many elements, two numbers.
const X = 0;
const Y = 1;
const Z = 2;
const COUNT = 3;
const ALPHA = 4;
const BETA = 5;

/** Elements of a task. */
const BLOCK = 16384;
/** Up to here waking another thread takes longer than the work. */
const SMALL = 2 * BLOCK;

function run(control: usize, entry: u32, n: i32, x: usize, y: usize, z: usize, alpha: f32, beta: f32): void {
  setArg(control, X, <i32>x);
  setArg(control, Y, <i32>y);
  setArg(control, Z, <i32>z);
  setArg(control, COUNT, n);
  setFloatArg(control, ALPHA, alpha);
  setFloatArg(control, BETA, beta);
  if (n <= SMALL) serial(control, entry, ceilDivide(n, BLOCK));
  else parallel(control, entry, ceilDivide(n, BLOCK));
}

// @ts-ignore: decorator
@inline
function lengthOf(control: usize, task: i32): i32 {
  return min(BLOCK, arg(control, COUNT) - task * BLOCK);
}

// @ts-ignore: decorator
@inline
function at(control: usize, slot: usize, task: i32): usize {
  return <usize>arg(control, slot) + 4 * <usize>(task * BLOCK);
}

/** y = x */
export function copy(control: usize, n: i32, x: usize, y: usize): void {
  run(control, copyTask.index, n, x, y, 0, 0, 0);
}

function copyTask(control: usize, task: i32, _thread: i32): void {
  copyFloats(at(control, X, task), at(control, Y, task), lengthOf(control, task));
}

/** y = value */
export function fill(control: usize, n: i32, value: f32, y: usize): void {
  run(control, fillTask.index, n, 0, y, 0, value, 0);
}

function fillTask(control: usize, task: i32, _thread: i32): void {
  fillFloats(at(control, Y, task), floatArg(control, ALPHA), lengthOf(control, task));
}

/** y = alpha x + beta y; with beta 0, y is not read. */
export function axpby(control: usize, n: i32, alpha: f32, x: usize, beta: f32, y: usize): void {
  run(control, axpbyTask.index, n, x, y, 0, alpha, beta);
}

function axpbyTask(control: usize, task: i32, _thread: i32): void {
  const alpha = f32x4.splat(floatArg(control, ALPHA));
  const beta = f32x4.splat(floatArg(control, BETA));
  const reads = floatArg(control, BETA) != 0;
  let x = at(control, X, task), y = at(control, Y, task);
  for (let n = lengthOf(control, task); n > 0; n -= 4) {
    let v = f32x4.mul(alpha, loadSome(x, n));
    if (reads) v = f32x4.add(v, f32x4.mul(beta, loadSome(y, n)));
    storeSome(y, v, n);
    x += 16; y += 16;
  }
}

/** z = x + y */
export function add(control: usize, n: i32, x: usize, y: usize, z: usize): void {
  run(control, addTask.index, n, x, y, z, 0, 0);
}

function addTask(control: usize, task: i32, _thread: i32): void {
  let x = at(control, X, task), y = at(control, Y, task), z = at(control, Z, task);
  for (let n = lengthOf(control, task); n > 0; n -= 4) {
    storeSome(z, f32x4.add(loadSome(x, n), loadSome(y, n)), n);
    x += 16; y += 16; z += 16;
  }
}

/** z = x y */
export function mul(control: usize, n: i32, x: usize, y: usize, z: usize): void {
  run(control, mulTask.index, n, x, y, z, 0, 0);
}

function mulTask(control: usize, task: i32, _thread: i32): void {
  let x = at(control, X, task), y = at(control, Y, task), z = at(control, Z, task);
  for (let n = lengthOf(control, task); n > 0; n -= 4) {
    storeSome(z, f32x4.mul(loadSome(x, n), loadSome(y, n)), n);
    x += 16; y += 16; z += 16;
  }
}

/** y = max(x, 0) + slope min(x, 0) */
export function relu(control: usize, n: i32, slope: f32, x: usize, y: usize): void {
  run(control, reluTask.index, n, x, y, 0, slope, 0);
}

function reluTask(control: usize, task: i32, _thread: i32): void {
  const zero = f32x4.splat(0);
  const slope = f32x4.splat(floatArg(control, ALPHA));
  const isPlain = floatArg(control, ALPHA) == 0;
  let x = at(control, X, task), y = at(control, Y, task);
  for (let n = lengthOf(control, task); n > 0; n -= 4) {
    const v = loadSome(x, n);
    // With slope 0 nothing is added: 0 * -inf would be NaN.
    let r = f32x4.max(v, zero);
    if (!isPlain) r = f32x4.add(r, f32x4.mul(slope, f32x4.min(v, zero)));
    storeSome(y, r, n);
    x += 16; y += 16;
  }
}

/** dx = dy where x > 0, else slope dy */
export function reluGradient(control: usize, n: i32, slope: f32, x: usize, dy: usize, dx: usize): void {
  run(control, reluGradientTask.index, n, x, dy, dx, slope, 0);
}

function reluGradientTask(control: usize, task: i32, _thread: i32): void {
  const zero = f32x4.splat(0);
  const slope = f32x4.splat(floatArg(control, ALPHA));
  let x = at(control, X, task), y = at(control, Y, task), z = at(control, Z, task);
  for (let n = lengthOf(control, task); n > 0; n -= 4) {
    const dy = loadSome(y, n);
    const isOn = f32x4.gt(loadSome(x, n), zero);
    storeSome(z, v128.bitselect(dy, f32x4.mul(slope, dy), isOn), n);
    x += 16; y += 16; z += 16;
  }
}
