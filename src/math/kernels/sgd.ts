/** @file One step of stochastic gradient descent in one pass over the memory. */
import { arg, ceilDivide, floatArg, setArg, setFloatArg } from "./memory";
import { loadSome, storeSome } from "./simd";
import { parallel, serial } from "./threads";

const DATA = 0;
const DIFF = 1;
const HISTORY = 2;
const COUNT = 3;
const RATE = 4;
const MOMENTUM = 5;
const DECAY = 6;
const SCALE = 7;

const BLOCK = 16384;

/** diff = scale diff + decay data; history = rate diff + momentum history; data -= history; diff = history. */
export function sgdStep(
  control: usize, n: i32, data: usize, diff: usize, history: usize, rate: f32, momentum: f32,
  decay: f32, scale: f32,
): void {
  setArg(control, DATA, <i32>data);
  setArg(control, DIFF, <i32>diff);
  setArg(control, HISTORY, <i32>history);
  setArg(control, COUNT, n);
  setFloatArg(control, RATE, rate);
  setFloatArg(control, MOMENTUM, momentum);
  setFloatArg(control, DECAY, decay);
  setFloatArg(control, SCALE, scale);
  if (n <= BLOCK) serial(control, sgdTask.index, ceilDivide(n, BLOCK));
  else parallel(control, sgdTask.index, ceilDivide(n, BLOCK));
}

function sgdTask(control: usize, task: i32, _thread: i32): void {
  const rate = f32x4.splat(floatArg(control, RATE));
  const momentum = f32x4.splat(floatArg(control, MOMENTUM));
  const decay = f32x4.splat(floatArg(control, DECAY));
  const scale = f32x4.splat(floatArg(control, SCALE));
  const offset = 4 * <usize>(task * BLOCK);
  let data = <usize>arg(control, DATA) + offset;
  let diff = <usize>arg(control, DIFF) + offset;
  let history = <usize>arg(control, HISTORY) + offset;
  for (let n = min(BLOCK, arg(control, COUNT) - task * BLOCK); n > 0; n -= 4) {
    const w = loadSome(data, n);
    const gradient = f32x4.add(f32x4.mul(scale, loadSome(diff, n)), f32x4.mul(decay, w));
    const step = f32x4.add(f32x4.mul(rate, gradient), f32x4.mul(momentum, loadSome(history, n)));
    storeSome(history, step, n);
    storeSome(diff, step, n);
    storeSome(data, f32x4.sub(w, step), n);
    data += 16; diff += 16; history += 16;
  }
}
