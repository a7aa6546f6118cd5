/** @file Pooling of planes (one channel of one image each) over sliding windows. */
import { floats } from "./geometry";
import { arg, ceilDivide, setArg } from "./memory";
import { fillFloats } from "./simd";
import { parallel, serial } from "./threads";

// Arguments of all pooling jobs.
const PLANES = 0;
const HEIGHT = 1;
const WIDTH = 2;
const POOLED_HEIGHT = 3;
const POOLED_WIDTH = 4;
const KERNEL_H = 5;
const KERNEL_W = 6;
const STRIDE_H = 7;
const STRIDE_W = 8;
const PAD_H = 9;
const PAD_W = 10;
const X = 11;
const Y = 12;
const MASK = 13;
const PER_TASK = 14;

/** Values that a task reads, about. */
const TASK_VALUES = 32768;
/** What a maximum starts with, as in BVLC pooling_layer.cpp: -FLT_MAX. */
const LOWEST: f32 = -f32.MAX_VALUE;

/** Sets the window for the job to come. */
export function setPoolingWindow(
  control: usize, planes: i32, height: i32, width: i32, pooledHeight: i32, pooledWidth: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32,
): void {
  setArg(control, PLANES, planes);
  setArg(control, HEIGHT, height);
  setArg(control, WIDTH, width);
  setArg(control, POOLED_HEIGHT, pooledHeight);
  setArg(control, POOLED_WIDTH, pooledWidth);
  setArg(control, KERNEL_H, kernelH);
  setArg(control, KERNEL_W, kernelW);
  setArg(control, STRIDE_H, strideH);
  setArg(control, STRIDE_W, strideW);
  setArg(control, PAD_H, padH);
  setArg(control, PAD_W, padW);
}

function run(control: usize, entry: u32, x: usize, y: usize, mask: usize): void {
  setArg(control, X, <i32>x);
  setArg(control, Y, <i32>y);
  setArg(control, MASK, <i32>mask);
  const read = arg(control, POOLED_HEIGHT) * arg(control, POOLED_WIDTH) *
    arg(control, KERNEL_H) * arg(control, KERNEL_W);
  const perTask = max(1, TASK_VALUES / max(1, read));
  setArg(control, PER_TASK, perTask);
  const tasks = ceilDivide(arg(control, PLANES), perTask);
  if (tasks <= 1) serial(control, entry, tasks);
  else parallel(control, entry, tasks);
}

/** y = largest of each window; mask = its index in the plane, or -1 for an empty window. */
export function maxPool(control: usize, x: usize, y: usize, mask: usize): void {
  run(control, maxTask.index, x, y, mask);
}

function maxTask(control: usize, task: i32, _thread: i32): void {
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const pooledArea = arg(control, POOLED_HEIGHT) * arg(control, POOLED_WIDTH);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, PLANES));
  for (let plane = task * perTask; plane < end; plane++) {
    maxPlane(
      control, <usize>arg(control, X) + floats(plane * area),
      <usize>arg(control, Y) + floats(plane * pooledArea),
      <usize>arg(control, MASK) + floats(plane * pooledArea),
    );
  }
}

function maxPlane(control: usize, x: usize, y: usize, mask: usize): void {
  const height = arg(control, HEIGHT), width = arg(control, WIDTH);
  const pooledWidth = arg(control, POOLED_WIDTH);
  const strideW = arg(control, STRIDE_W), padW = arg(control, PAD_W), kernelW = arg(control, KERNEL_W);
  for (let i = 0; i < arg(control, POOLED_HEIGHT); i++) {
    const top = i * arg(control, STRIDE_H) - arg(control, PAD_H);
    const h0 = max(top, 0), h1 = min(top + arg(control, KERNEL_H), height);
    let j = 0;
    while (j < pooledWidth) {
      const left = j * strideW - padW;
      const place = floats(i * pooledWidth + j);
      // Four windows at once where all of them lie inside the row.
      if (strideW <= 2 && j + 4 <= pooledWidth && left >= 0 && left + 3 * strideW + kernelW <= width) {
        maxQuad(x, width, h0, h1, left, kernelW, strideW, y + place, mask + place);
        j += 4;
      } else {
        const w0 = max(left, 0), w1 = min(left + kernelW, width);
        maxWindow(x, width, h0, h1, w0, w1, y + place, mask + place);
        j++;
      }
    }
  }
}

function maxWindow(
  x: usize, width: i32, h0: i32, h1: i32, w0: i32, w1: i32, y: usize, mask: usize,
): void {
  let best = LOWEST;
  let index = -1;
  for (let h = h0; h < h1; h++) {
    for (let w = w0; w < w1; w++) {
      const value = load<f32>(x + floats(h * width + w));
      if (value > best) {
        best = value;
        index = h * width + w;
      }
    }
  }
  store<f32>(y, best);
  store<i32>(mask, index);
}

/** Four neighbouring windows, 1 or 2 columns apart. */
function maxQuad(
  x: usize, width: i32, h0: i32, h1: i32, left: i32, kernelW: i32, stride: i32, y: usize, mask: usize,
): void {
  let best = f32x4.splat(LOWEST);
  let index = i32x4.splat(-1);
  const lanes = stride == 1 ? i32x4(0, 1, 2, 3) : i32x4(0, 2, 4, 6);
  for (let h = h0; h < h1; h++) {
    for (let w = left; w < left + kernelW; w++) {
      const at = h * width + w;
      const p = x + floats(at);
      let value = v128.load(p);
      if (stride == 2) value = v128.shuffle<i32>(value, v128.load(p, 12), 0, 2, 5, 7);
      const isMore = f32x4.gt(value, best);
      best = v128.bitselect(value, best, isMore);
      index = v128.bitselect(i32x4.add(i32x4.splat(at), lanes), index, isMore);
    }
  }
  v128.store(y, best);
  v128.store(mask, index);
}

/** dx = 0, but dy added where each window's maximum was. */
export function maxPoolGradient(control: usize, dy: usize, mask: usize, dx: usize): void {
  run(control, maxGradientTask.index, dx, dy, mask);
}

function maxGradientTask(control: usize, task: i32, _thread: i32): void {
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  const pooledArea = arg(control, POOLED_HEIGHT) * arg(control, POOLED_WIDTH);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, PLANES));
  for (let plane = task * perTask; plane < end; plane++) {
    const dx = <usize>arg(control, X) + floats(plane * area);
    const dy = <usize>arg(control, Y) + floats(plane * pooledArea);
    const mask = <usize>arg(control, MASK) + floats(plane * pooledArea);
    fillFloats(dx, 0, area);
    for (let i = 0; i < pooledArea; i++) {
      const index = load<i32>(mask + floats(i));
      if (index < 0) continue;
      const to = dx + floats(index);
      store<f32>(to, load<f32>(to) + load<f32>(dy + floats(i)));
    }
  }
}

/** y = sum of each window over its area; the area counts the padding, but not what lies beyond it. */
export function averagePool(control: usize, x: usize, y: usize): void {
  run(control, averageTask.index, x, y, 0);
}

function averageTask(control: usize, task: i32, _thread: i32): void {
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, PLANES));
  for (let plane = task * perTask; plane < end; plane++) averagePlane(control, plane, false);
}

/** dx = sum over the windows that a value lies in of dy over the window's area. */
export function averagePoolGradient(control: usize, dy: usize, dx: usize): void {
  run(control, averageGradientTask.index, dx, dy, 0);
}

function averageGradientTask(control: usize, task: i32, _thread: i32): void {
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, arg(control, PLANES));
  for (let plane = task * perTask; plane < end; plane++) averagePlane(control, plane, true);
}

/** Forward, or where `isGradient` the way back: both walk the same windows. */
function averagePlane(control: usize, plane: i32, isGradient: bool): void {
  const height = arg(control, HEIGHT), width = arg(control, WIDTH);
  const pooledWidth = arg(control, POOLED_WIDTH);
  const padH = arg(control, PAD_H), padW = arg(control, PAD_W);
  const x = <usize>arg(control, X) + floats(plane * height * width);
  const y = <usize>arg(control, Y) + floats(plane * arg(control, POOLED_HEIGHT) * pooledWidth);
  if (isGradient) fillFloats(x, 0, height * width);
  for (let i = 0; i < arg(control, POOLED_HEIGHT); i++) {
    const top = i * arg(control, STRIDE_H) - padH;
    const bottom = min(top + arg(control, KERNEL_H), height + padH);
    const h0 = max(top, 0), h1 = min(bottom, height);
    for (let j = 0; j < pooledWidth; j++) {
      const left = j * arg(control, STRIDE_W) - padW;
      const right = min(left + arg(control, KERNEL_W), width + padW);
      const w0 = max(left, 0), w1 = min(right, width);
      const area = <f32>((bottom - top) * (right - left));
      const place = y + floats(i * pooledWidth + j);
      if (isGradient) addToWindow(x, width, h0, h1, w0, w1, load<f32>(place) / area);
      // A window that starts right behind the image has no area: 0 / 0, as in BVLC pooling_layer.cpp.
      else store<f32>(place, sumOfWindow(x, width, h0, h1, w0, w1) / area);
    }
  }
}

function sumOfWindow(x: usize, width: i32, h0: i32, h1: i32, w0: i32, w1: i32): f32 {
  let sum: f32 = 0;
  for (let h = h0; h < h1; h++) {
    for (let w = w0; w < w1; w++) sum += load<f32>(x + floats(h * width + w));
  }
  return sum;
}

function addToWindow(x: usize, width: i32, h0: i32, h1: i32, w0: i32, w1: i32, value: f32): void {
  for (let h = h0; h < h1; h++) {
    for (let w = w0; w < w1; w++) {
      const to = x + floats(h * width + w);
      store<f32>(to, load<f32>(to) + value);
    }
  }
}
