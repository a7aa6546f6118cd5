/** @file Transforms between square filters of 3 or 5 taps an axis and their Winograd tiles; see winograd.ts. */
import { arg, blockScratch, ceilDivide, setArg } from "./memory";
import { parallel } from "./threads";
import { gatherTaps, spreadTaps } from "./winograd-points";

const FROM = 0;
const TO = 1;
const OUT_CHANNELS = 2;
const CHANNELS = 3;
const TURNED = 4;
const ADDS = 5;
const TAPS = 6;
const ROWS = 7;

/** Values of a tile along each axis. */
const VALUES = 6;
/** Vectors of four filters' taps in a task's memory, and of what they become downwards. */
const MOST_TAPS = 25;

/**
 * Bytes from a plane of tiles to the next, for planes of `count` floats: a little more than whole pages, as
 * planes that are pages apart would all share a few places of the first cache.
 */
export function winogradPlane(count: i32): usize {
  return ((4 * <usize>count + 4095) & ~4095) + 256;
}

// @ts-ignore: decorator
@inline
function at(base: usize, index: i32): usize {
  return base + 4 * <usize>index;
}

/**
 * tiles[k][m][c] = G filter G^T of filters[m][c], `taps` x `taps` each, for the first `rows` m. Where
 * `isTurned`, for the way back: tiles[k][c][m] for the first `rows` c, of the filters turned by half a turn.
 * Both numbers of channels are at least 4.
 */
export function winogradFilters(
  control: usize, taps: i32, filters: usize, tiles: usize, rows: i32, outChannels: i32, channels: i32, isTurned: bool,
): void {
  setFilters(control, taps, filters, tiles, outChannels, channels);
  setArg(control, TURNED, isTurned);
  setArg(control, ROWS, rows);
  parallel(control, filtersTask.index, rows);
}

function setFilters(
  control: usize, taps: i32, from: usize, to: usize, outChannels: i32, channels: i32,
): void {
  setArg(control, TAPS, taps);
  setArg(control, FROM, <i32>from);
  setArg(control, TO, <i32>to);
  setArg(control, OUT_CHANNELS, outChannels);
  setArg(control, CHANNELS, channels);
}

/** One row of each plane, four filters at a time; the last four may overlap those before them. */
function filtersTask(control: usize, row: i32, thread: i32): void {
  const taps = arg(control, TAPS);
  const channels = arg(control, CHANNELS);
  const isTurned = <bool>arg(control, TURNED);
  const columns = isTurned ? arg(control, OUT_CHANNELS) : channels;
  const plane = winogradPlane(arg(control, ROWS) * columns);
  const area = taps * taps;
  const next = 4 * <usize>(isTurned ? area * channels : area);
  const work = blockScratch(control, thread);
  for (let column = 0; column < columns; column += 4) {
    const i = min(column, columns - 4);
    const filter = isTurned ? i * channels + row : row * channels + i;
    loadTaps(area, at(<usize>arg(control, FROM), area * filter), next, isTurned, work);
    const to = at(<usize>arg(control, TO), row * columns + i);
    if (taps == 3) spreadFilters(3, work, to, plane);
    else spreadFilters(5, work, to, plane);
  }
}

/** Each tap of four filters `next` bytes apart becomes a vector; the last tap first where `isTurned`. */
function loadTaps(area: i32, from: usize, next: usize, isTurned: bool, to: usize): void {
  const step: usize = isTurned ? -16 : 16;
  if (isTurned) to += 16 * <usize>(area - 1);
  for (let t = 0; t < area; t++) {
    const tap = v128.load32_lane(from + next, v128.load32_splat(from), 1);
    v128.store(to, v128.load32_lane(from + 3 * next, v128.load32_lane(from + 2 * next, tap, 2), 3));
    from += 4;
    to += step;
  }
}

// @ts-ignore: decorator
@inline
function spreadFilters(taps: i32, work: usize, out: usize, plane: usize): void {
  const half = work + 16 * MOST_TAPS;
  const row = 16 * <usize>taps;
  for (let j: usize = 0; j < <usize>taps; j++) {
    const p = work + 16 * j;
    spreadVectors(taps, p, row, half + 16 * j, row);
  }
  for (let i: usize = 0; i < <usize>VALUES; i++) spreadVectors(taps, half + i * row, 16, out + i * VALUES * plane, plane);
}

/** `taps` vectors become six. */
// @ts-ignore: decorator
@inline
function spreadVectors(taps: i32, from: usize, step: usize, out: usize, outStep: usize): void {
  const w0 = v128.load(from), w1 = v128.load(from + step), w2 = v128.load(from + 2 * step);
  const none = f32x4.splat(0);
  if (taps == 3) spreadTaps(w0, w1, w2, none, none, w2, out, outStep);
  else {
    const w3 = v128.load(from + 3 * step), w4 = v128.load(from + 4 * step);
    spreadTaps(w0, w1, w2, w3, w4, w4, out, outStep);
  }
}

/** filters[m][c] = G^T tiles[k][m][c] G + (adds ? filters : 0): the gradient of `winogradFilters`. */
export function winogradFilterDiff(
  control: usize, taps: i32, tiles: usize, filters: usize, outChannels: i32, channels: i32, adds: bool,
): void {
  setFilters(control, taps, tiles, filters, outChannels, channels);
  setArg(control, ADDS, adds);
  parallel(control, filterDiffTask.index, outChannels);
}

function filterDiffTask(control: usize, row: i32, thread: i32): void {
  const taps = arg(control, TAPS);
  const channels = arg(control, CHANNELS);
  const plane = winogradPlane(arg(control, OUT_CHANNELS) * channels);
  const adds = <bool>arg(control, ADDS);
  const area = taps * taps;
  const work = blockScratch(control, thread);
  // A plane goes on a little after its last value, so whole vectors may be read.
  for (let c = 0; c < channels; c += 4) {
    const filter = row * channels + c;
    const from = at(<usize>arg(control, FROM), filter);
    if (taps == 3) gatherFilters(3, from, plane, work);
    else gatherFilters(5, from, plane, work);
    storeTaps(area, min(4, channels - c), work, at(<usize>arg(control, TO), area * filter), adds);
  }
}

// @ts-ignore: decorator
@inline
function gatherFilters(taps: i32, from: usize, plane: usize, work: usize): void {
  const half = work + 16 * MOST_TAPS;
  for (let j: usize = 0; j < <usize>VALUES; j++) {
    gatherTaps(taps, from + j * plane, VALUES * plane, half + 16 * j, 16 * VALUES);
  }
  for (let i: usize = 0; i < <usize>taps; i++) {
    gatherTaps(taps, half + i * (16 * VALUES), 16, work + i * (16 * <usize>taps), 16);
  }
}

/** Lane by lane, of `count` filters. */
function storeTaps(area: i32, count: i32, from: usize, to: usize, adds: bool): void {
  for (let lane = 0; lane < count; lane++) {
    let p = from + 4 * <usize>lane;
    for (let t = 0; t < area; t++) {
      const value = load<f32>(p);
      store<f32>(to, adds ? value + load<f32>(to) : value);
      p += 16;
      to += 4;
    }
  }
}
