/**
 * @file The transposed convolution of one group. A task owns some channels of the image: it computes
 * their columns (taps x positions) in blocks that fit the cache and adds them up, so no two tasks
 * write to the same place and the order of the additions is fixed.
 */
import { multiplyBlock } from "./block";
import {
  CHANNELS_PER_TASK, IMAGE_AREA, IS_PADDED, PADDED_AREA, POSITIONS, POSITION_TABLE, RUN, RUN_STEP, TAPS,
  TAP_TABLE, floats, get, imageChannelsOfGroup, outChannelsOfGroup,
} from "./geometry";
import { BLOCK_ROWS, PACK_FLOATS, arg, ceilDivide, freeScratch, setArg } from "./memory";
import { pack, setSource } from "./pack";
import { addUnpadded } from "./padding";
import { fillFloats, loadSome, storeSome } from "./simd";
import { parallel } from "./threads";

const GEOMETRY = 32;
const PACKED = 33;
const WEIGHT = 34;
const BIAS = 35;
const IMAGE = 36;
const START = 37;
const COLUMNS = 38;

/** Columns of a block: with BLOCK_ROWS rows a quarter of a mebibyte. */
const BLOCK_COLUMNS = 512;
/** Bytes of a block of columns in a thread's scratch memory; a padded copy of the channels follows. */
export const BLOCK_BYTES: usize = 4 * <usize>(BLOCK_ROWS * BLOCK_COLUMNS);

/** Bytes of scratch memory that a thread needs for `scatterGroup`, beside its padded channels. */
export function scatterScratchBytes(): i32 {
  return <i32>BLOCK_BYTES;
}

/** See `scatter` in convolution.ts; all addresses are those of the group. */
export function scatterGroup(
  control: usize, packed: usize, geometry: usize, out: usize, weight: usize, bias: usize, image: usize,
): void {
  const positions = get(geometry, POSITIONS);
  const depth = outChannelsOfGroup(geometry);
  const columns = max(TILE, (PACK_FLOATS / depth) & ~7);
  for (let start = 0; start < positions; start += columns) {
    const width = min(columns, positions - start);
    setSource(control, out, floats(positions), 4, 0, 0);
    pack(control, 0, depth, start, width, packed);
    setArg(control, GEOMETRY, <i32>geometry);
    setArg(control, PACKED, <i32>packed);
    setArg(control, WEIGHT, <i32>weight);
    setArg(control, BIAS, <i32>bias);
    setArg(control, IMAGE, <i32>image);
    setArg(control, START, start);
    setArg(control, COLUMNS, width);
    const tasks = ceilDivide(imageChannelsOfGroup(geometry), get(geometry, CHANNELS_PER_TASK));
    parallel(control, scatterTask.index, tasks);
  }
}

const TILE = 8;

function scatterTask(control: usize, task: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const perTask = get(geometry, CHANNELS_PER_TASK);
  const first = task * perTask;
  scatterChannels(
    control, thread, geometry, <usize>arg(control, PACKED), <usize>arg(control, WEIGHT), <usize>arg(control, BIAS),
    <usize>arg(control, IMAGE), arg(control, START), arg(control, COLUMNS), first,
    min(perTask, imageChannelsOfGroup(geometry) - first),
  );
}

/**
 * Adds the columns of at most CHANNELS_PER_TASK channels, from `first` on, at positions
 * [start, start + columns), which are packed; starts with the biases where `start` is 0.
 */
export function scatterChannels(
  control: usize, thread: i32, geometry: usize, packed: usize, weight: usize, bias: usize, image: usize,
  start: i32, columns: i32, first: i32, channels: i32,
): void {
  const area = get(geometry, IMAGE_AREA);
  const paddedArea = get(geometry, PADDED_AREA);
  if (start == 0) {
    for (let c = first; c < first + channels; c++) {
      fillFloats(image + floats(c * area), bias ? load<f32>(bias + floats(c)) : 0, area);
    }
  }
  if (!get(geometry, IS_PADDED)) {
    addChannels(control, thread, geometry, packed, weight, start, columns, first, channels, image);
    return;
  }
  const copy = freeScratch(control, thread) + BLOCK_BYTES;
  fillFloats(copy, 0, channels * paddedArea);
  const target = copy - floats(first * paddedArea);
  addChannels(control, thread, geometry, packed, weight, start, columns, first, channels, target);
  for (let c = 0; c < channels; c++) {
    addUnpadded(geometry, copy + floats(c * paddedArea), image + floats((first + c) * area));
  }
}

/** Adds the columns of some channels; `target` is where channel 0 of the group would be. */
function addChannels(
  control: usize, thread: i32, geometry: usize, packed: usize, weight: usize, start: i32, columns: i32,
  first: i32, channels: i32, target: usize,
): void {
  const taps = get(geometry, TAPS);
  const depth = outChannelsOfGroup(geometry);
  const lda = floats(imageChannelsOfGroup(geometry) * taps);
  const block = freeScratch(control, thread);
  const rows = channels * taps;
  const parts = ceilDivide(rows, BLOCK_ROWS);
  const height = (ceilDivide(rows, parts) + 3) & ~3;
  for (let row = 0; row < rows; row += height) {
    const M = min(height, rows - row);
    const tap = first * taps + row;
    for (let column = 0; column < columns; column += BLOCK_COLUMNS) {
      const N = min(BLOCK_COLUMNS, columns - column);
      multiplyBlock(
        control, thread, M, N, depth, 1, weight + floats(tap), lda, true,
        packed + floats(column * depth), block, floats(N), false, false, 0,
      );
      for (let i = 0; i < M; i++) {
        const offset = load<i32>(<usize>get(geometry, TAP_TABLE) + floats(tap + i));
        addRow(geometry, block + floats(i * N), start + column, N, target + <usize>offset);
      }
    }
  }
}

/** Adds one tap's values at positions [start, start + N) to the image. */
function addRow(geometry: usize, from: usize, start: i32, N: i32, target: usize): void {
  const table = <usize>get(geometry, POSITION_TABLE);
  const run = get(geometry, RUN);
  const step = <usize>get(geometry, RUN_STEP);
  let position = start;
  const end = start + N;
  while (position < end) {
    const length = min(run - (position % run), end - position);
    let to = target + <usize>load<i32>(table + floats(position));
    if (step == 4) {
      for (let n = length; n > 0; n -= 4) {
        storeSome(to, f32x4.add(loadSome(to, n), loadSome(from, n)), n);
        to += 16;
        from += floats(min(4, n));
      }
    } else {
      for (let n = length; n > 0; n--) {
        store<f32>(to, load<f32>(to) + load<f32>(from));
        to += step;
        from += 4;
      }
    }
    position += length;
  }
}
