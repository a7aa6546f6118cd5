/**
 * @file Convolutions with few channels a group: depthwise ones, and the upsampling of one class at a
 * time. A task owns one channel; the innermost loop runs along the taps of a row where the kernel is
 * wide, else along the positions of a row.
 */
import {
  IMAGE_AREA, IMAGE_CHANNELS, IS_PADDED, OUT_CHANNELS, PADDED_AREA, POSITIONS, POSITION_TABLE, RUN,
  RUN_STEP, TAPS, TAP_RUN, TAP_TABLE, floats, get, imageChannelsOfGroup, outChannelsOfGroup,
} from "./geometry";
import { arg, freeScratch, setArg } from "./memory";
import { addUnpadded, padChannel } from "./padding";
import { fillFloats, loadSome, madd, storeSome, sumLanes } from "./simd";
import { gatherRows, hasRows, sumRows } from "./thin-rows";
import { parallel, serial } from "./threads";

const GEOMETRY = 32;
const IMAGE = 33;
const WEIGHT = 34;
const BIAS = 35;
const OUT = 36;

/** Taps in a row from which on vectors run along them. */
const WIDE = 8;
const SMALL_WORK: i64 = 50000;

function run(
  control: usize, entry: u32, tasks: i32, geometry: usize, image: usize, weight: usize, bias: usize, out: usize,
): void {
  setArg(control, GEOMETRY, <i32>geometry);
  setArg(control, IMAGE, <i32>image);
  setArg(control, WEIGHT, <i32>weight);
  setArg(control, BIAS, <i32>bias);
  setArg(control, OUT, <i32>out);
  const work = <i64>get(geometry, OUT_CHANNELS) * imageChannelsOfGroup(geometry) *
    get(geometry, TAPS) * get(geometry, POSITIONS);
  if (work < SMALL_WORK) serial(control, entry, tasks);
  else parallel(control, entry, tasks);
}

/** Whether the tasks pad their images themselves: each channel is read by few tasks, and stays in the cache. */
export function padsInTask(geometry: usize): bool {
  return get(geometry, IS_PADDED) && imageChannelsOfGroup(geometry) == 1;
}

/** Where the channels of a group lie, as they are read. */
function imageOfGroup(control: usize, geometry: usize, group: i32, thread: i32): usize {
  const image = <usize>arg(control, IMAGE);
  if (!padsInTask(geometry)) {
    return image + floats(group * imageChannelsOfGroup(geometry) * get(geometry, PADDED_AREA));
  }
  const padded = freeScratch(control, thread);
  padChannel(geometry, image + floats(group * get(geometry, IMAGE_AREA)), padded);
  return padded;
}

/** `correlate` of one image, which is padded already unless `padsInTask`. */
export function thinCorrelate(
  control: usize, geometry: usize, image: usize, weight: usize, bias: usize, out: usize,
): void {
  run(control, correlateTask.index, get(geometry, OUT_CHANNELS), geometry, image, weight, bias, out);
}

function correlateTask(control: usize, m: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const rows = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  const weight = <usize>arg(control, WEIGHT) + floats(m * rows);
  const image = imageOfGroup(control, geometry, m / outChannelsOfGroup(geometry), thread);
  const positions = get(geometry, POSITIONS);
  const out = <usize>arg(control, OUT) + floats(m * positions);
  const bias = <usize>arg(control, BIAS);
  const start: f32 = bias ? load<f32>(bias + floats(m)) : 0;
  if (get(geometry, TAP_RUN) >= WIDE) {
    const table = <usize>get(geometry, POSITION_TABLE);
    for (let p = 0; p < positions; p++) {
      const place = image + <usize>load<i32>(table + floats(p));
      store<f32>(out + floats(p), start + alongTaps(geometry, rows, weight, place));
    }
    return;
  }
  if (hasRows(geometry)) {
    gatherRows(geometry, rows, weight, image, out, start);
    return;
  }
  fillFloats(out, start, positions);
  for (let row = 0; row < rows; row++) {
    const tap = image + <usize>load<i32>(<usize>get(geometry, TAP_TABLE) + floats(row));
    gatherPositions(geometry, load<f32>(weight + floats(row)), tap, out);
  }
}

/** The sum over all taps of weight times image at one position. */
function alongTaps(geometry: usize, rows: i32, weight: usize, place: usize): f32 {
  const length = get(geometry, TAP_RUN);
  const table = <usize>get(geometry, TAP_TABLE);
  let sum = f32x4.splat(0);
  for (let row = 0; row < rows; row += length) {
    let x = place + <usize>load<i32>(table + floats(row));
    let w = weight + floats(row);
    for (let n = length; n > 0; n -= 4) {
      sum = madd(loadSome(x, n), loadSome(w, n), sum);
      x += 16; w += 16;
    }
  }
  return sumLanes(sum);
}

/** out[p] += weight image[tap at p], for all positions. */
function gatherPositions(geometry: usize, weight: f32, tap: usize, out: usize): void {
  const positions = get(geometry, POSITIONS);
  const length = get(geometry, RUN);
  const step = <usize>get(geometry, RUN_STEP);
  const w = f32x4.splat(weight);
  for (let p = 0; p < positions; p += length) {
    let x = tap + <usize>load<i32>(<usize>get(geometry, POSITION_TABLE) + floats(p));
    let y = out + floats(p);
    if (step == 4) {
      for (let n = length; n > 0; n -= 4) {
        storeSome(y, madd(w, loadSome(x, n), loadSome(y, n)), n);
        x += 16; y += 16;
      }
    } else {
      for (let n = length; n > 0; n--) {
        store<f32>(y, load<f32>(y) + weight * load<f32>(x));
        x += step; y += 4;
      }
    }
  }
}

/** `scatter` of one image. */
export function thinScatter(
  control: usize, geometry: usize, out: usize, weight: usize, bias: usize, image: usize,
): void {
  run(control, scatterTask.index, get(geometry, IMAGE_CHANNELS), geometry, image, weight, bias, out);
}

function scatterTask(control: usize, channel: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const channels = imageChannelsOfGroup(geometry);
  const outs = outChannelsOfGroup(geometry);
  const group = channel / channels;
  const taps = get(geometry, TAPS);
  const area = get(geometry, IMAGE_AREA);
  const image = <usize>arg(control, IMAGE) + floats(channel * area);
  const bias = <usize>arg(control, BIAS);
  fillFloats(image, bias ? load<f32>(bias + floats(channel)) : 0, area);
  const isPadded = get(geometry, IS_PADDED);
  const target = isPadded ? freeScratch(control, thread) : image;
  if (isPadded) fillFloats(target, 0, get(geometry, PADDED_AREA));
  for (let m = 0; m < outs; m++) {
    const weight = <usize>arg(control, WEIGHT) +
      floats(((group * outs + m) * channels + channel % channels) * taps);
    const out = <usize>arg(control, OUT) + floats((group * outs + m) * get(geometry, POSITIONS));
    scatterPlane(geometry, weight, out, target);
  }
  if (isPadded) addUnpadded(geometry, target, image);
}

/** Adds one plane of the kernel, moved to every position, to one channel of the image. */
function scatterPlane(geometry: usize, weight: usize, out: usize, target: usize): void {
  const taps = get(geometry, TAPS);
  const positions = get(geometry, POSITIONS);
  const tapTable = <usize>get(geometry, TAP_TABLE);
  const positionTable = <usize>get(geometry, POSITION_TABLE);
  if (get(geometry, TAP_RUN) < WIDE) {
    for (let t = 0; t < taps; t++) {
      scatterPositions(geometry, load<f32>(weight + floats(t)), out, target + <usize>load<i32>(tapTable + floats(t)));
    }
    return;
  }
  const length = get(geometry, TAP_RUN);
  for (let p = 0; p < positions; p++) {
    const y = f32x4.splat(load<f32>(out + floats(p)));
    const place = target + <usize>load<i32>(positionTable + floats(p));
    for (let t = 0; t < taps; t += length) {
      addScaled(y, weight + floats(t), place + <usize>load<i32>(tapTable + floats(t)), length);
    }
  }
}

/** to[i] += factor from[i] */
function addScaled(factor: v128, from: usize, to: usize, count: i32): void {
  for (let n = count; n > 0; n -= 4) {
    storeSome(to, madd(factor, loadSome(from, n), loadSome(to, n)), n);
    from += 16; to += 16;
  }
}

/** image[tap at p] += weight out[p], for all positions. */
function scatterPositions(geometry: usize, weight: f32, out: usize, tap: usize): void {
  const positions = get(geometry, POSITIONS);
  const length = get(geometry, RUN);
  const step = <usize>get(geometry, RUN_STEP);
  for (let p = 0; p < positions; p += length) {
    let x = tap + <usize>load<i32>(<usize>get(geometry, POSITION_TABLE) + floats(p));
    if (step == 4) addScaled(f32x4.splat(weight), out + floats(p), x, length);
    else {
      for (let i = 0; i < length; i++) {
        store<f32>(x, load<f32>(x) + weight * load<f32>(out + floats(p + i)));
        x += step;
      }
    }
  }
}

/** `weightGradient` of one image, which is padded already unless `padsInTask`. */
export function thinWeightGradient(
  control: usize, geometry: usize, image: usize, out: usize, weightDiff: usize,
): void {
  run(control, weightTask.index, get(geometry, OUT_CHANNELS), geometry, image, weightDiff, 0, out);
}

function weightTask(control: usize, m: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const rows = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  const diff = <usize>arg(control, WEIGHT) + floats(m * rows);
  const image = imageOfGroup(control, geometry, m / outChannelsOfGroup(geometry), thread);
  const positions = get(geometry, POSITIONS);
  const out = <usize>arg(control, OUT) + floats(m * positions);
  const tapTable = <usize>get(geometry, TAP_TABLE);
  const positionTable = <usize>get(geometry, POSITION_TABLE);
  const length = get(geometry, TAP_RUN);
  if (length < WIDE && hasRows(geometry)) {
    sumRows(geometry, rows, image, out, diff);
    return;
  }
  if (length < WIDE) {
    for (let row = 0; row < rows; row++) {
      const to = diff + floats(row);
      const tap = image + <usize>load<i32>(tapTable + floats(row));
      store<f32>(to, load<f32>(to) + alongPositions(geometry, tap, out));
    }
    return;
  }
  for (let p = 0; p < positions; p++) {
    const y = f32x4.splat(load<f32>(out + floats(p)));
    const place = image + <usize>load<i32>(positionTable + floats(p));
    for (let row = 0; row < rows; row += length) {
      addScaled(y, place + <usize>load<i32>(tapTable + floats(row)), diff + floats(row), length);
    }
  }
}

/** The sum over all positions of out times image at one tap. */
function alongPositions(geometry: usize, tap: usize, out: usize): f32 {
  const positions = get(geometry, POSITIONS);
  const length = get(geometry, RUN);
  const step = <usize>get(geometry, RUN_STEP);
  let lanes = f32x4.splat(0);
  let sum: f32 = 0;
  for (let p = 0; p < positions; p += length) {
    let x = tap + <usize>load<i32>(<usize>get(geometry, POSITION_TABLE) + floats(p));
    let y = out + floats(p);
    if (step == 4) {
      for (let n = length; n > 0; n -= 4) {
        lanes = madd(loadSome(x, n), loadSome(y, n), lanes);
        x += 16; y += 16;
      }
    } else {
      for (let n = length; n > 0; n--) {
        sum += load<f32>(x) * load<f32>(y);
        x += step; y += 4;
      }
    }
  }
  return sum + sumLanes(lanes);
}
