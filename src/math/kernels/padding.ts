/** @file Padded copies of images, and the way back. */
import {
  COPIED_WIDTH, IMAGE_AREA, IMAGE_CHANNELS, IS_PADDED, PADDED_AREA, PADDED_WIDTH, PAD_LEFT, ROWS,
  ROW_TABLE, WIDTH, floats, get,
} from "./geometry";
import { arg, ceilDivide, setArg } from "./memory";
import { copyFloats, fillFloats, loadSome, storeSome } from "./simd";
import { parallel, serial } from "./threads";

const GEOMETRY = 32;
const FROM = 33;
const TO = 34;
const PER_TASK = 35;

/** Floats of a task, about. */
const TASK_FLOATS = 32768;

/** @returns the image itself, or its padded copy in `to` */
export function padded(control: usize, geometry: usize, image: usize, to: usize): usize {
  if (!get(geometry, IS_PADDED)) return image;
  const channels = get(geometry, IMAGE_CHANNELS);
  const perTask = max(1, TASK_FLOATS / get(geometry, PADDED_AREA));
  setArg(control, GEOMETRY, <i32>geometry);
  setArg(control, FROM, <i32>image);
  setArg(control, TO, <i32>to);
  setArg(control, PER_TASK, perTask);
  const tasks = ceilDivide(channels, perTask);
  if (tasks <= 2) serial(control, padTask.index, tasks);
  else parallel(control, padTask.index, tasks);
  return to;
}

function padTask(control: usize, task: i32, _thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const perTask = arg(control, PER_TASK);
  const end = min((task + 1) * perTask, get(geometry, IMAGE_CHANNELS));
  for (let channel = task * perTask; channel < end; channel++) {
    const from = <usize>arg(control, FROM) + floats(channel * get(geometry, IMAGE_AREA));
    padChannel(geometry, from, <usize>arg(control, TO) + floats(channel * get(geometry, PADDED_AREA)));
  }
}

/** Writes the padded copy of one channel. */
export function padChannel(geometry: usize, from: usize, to: usize): void {
  const rows = get(geometry, ROWS);
  const left = get(geometry, PAD_LEFT);
  const copied = get(geometry, COPIED_WIDTH);
  const width = get(geometry, PADDED_WIDTH);
  const table = <usize>get(geometry, ROW_TABLE);
  for (let row = 0; row < rows; row++) {
    const source = load<i32>(table + floats(row));
    if (source < 0) fillFloats(to, 0, width);
    else {
      fillFloats(to, 0, left);
      copyFloats(from + floats(source * get(geometry, WIDTH)), to + floats(left), copied);
      fillFloats(to + floats(left + copied), 0, width - left - copied);
    }
    to += floats(width);
  }
}

/** Adds the inner part of a padded channel to a channel of the image. */
export function addUnpadded(geometry: usize, from: usize, to: usize): void {
  const rows = get(geometry, ROWS);
  const table = <usize>get(geometry, ROW_TABLE);
  let p = from + floats(get(geometry, PAD_LEFT));
  for (let row = 0; row < rows; row++) {
    const target = load<i32>(table + floats(row));
    if (target >= 0) {
      let x = p;
      let y = to + floats(target * get(geometry, WIDTH));
      for (let n = get(geometry, COPIED_WIDTH); n > 0; n -= 4) {
        storeSome(y, f32x4.add(loadSome(y, n), loadSome(x, n)), n);
        x += 16; y += 16;
      }
    }
    p += floats(get(geometry, PADDED_WIDTH));
  }
}
