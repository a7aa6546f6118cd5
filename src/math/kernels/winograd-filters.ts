/** @file Transforms between filters of 3 x 3 taps and their Winograd tiles; see winograd.ts. */
import { arg, ceilDivide, setArg } from "./memory";
import { loadSome } from "./simd";
import { parallel } from "./threads";

const FROM = 0;
const TO = 1;
const OUT_CHANNELS = 2;
const CHANNELS = 3;
const TURNED = 4;
const ADDS = 5;

/**
 * Bytes from a plane of tiles to the next, for planes of `count` floats: a little more than whole pages, as
 * planes that are pages apart would all share a few places of the first cache.
 */
export function winogradPlane(count: i32): usize {
  return ((4 * <usize>count + 4095) & ~4095) + 256;
}

/** Filters of a task. */
const FILTERS = 256;

// @ts-ignore: decorator
@inline
function at(base: usize, index: i32): usize {
  return base + 4 * <usize>index;
}

// @ts-ignore: decorator
@inline
function half(v: v128): v128 {
  return f32x4.mul(v, f32x4.splat(0.5));
}

/**
 * tiles[k][m][c] = G filter G^T of filters[m][c], 3 x 3 taps each. Where `isTurned`, for the way back:
 * tiles[k][c][m], of the filters turned by half a turn.
 */
export function winogradFilters(
  control: usize, filters: usize, tiles: usize, outChannels: i32, channels: i32, isTurned: bool,
): void {
  setFilters(control, filters, tiles, outChannels, channels);
  setArg(control, TURNED, isTurned);
  parallel(control, filtersTask.index, ceilDivide(outChannels * channels, FILTERS));
}

function setFilters(control: usize, from: usize, to: usize, outChannels: i32, channels: i32): void {
  setArg(control, FROM, <i32>from);
  setArg(control, TO, <i32>to);
  setArg(control, OUT_CHANNELS, outChannels);
  setArg(control, CHANNELS, channels);
}

function filtersTask(control: usize, task: i32, _thread: i32): void {
  const channels = arg(control, CHANNELS);
  const all = arg(control, OUT_CHANNELS) * channels;
  const plane = winogradPlane(all);
  const isTurned = <bool>arg(control, TURNED);
  const end = min(all, (task + 1) * FILTERS);
  for (let i = task * FILTERS; i < end; i++) {
    const place = isTurned ? (i % channels) * arg(control, OUT_CHANNELS) + i / channels : i;
    filterTile(at(<usize>arg(control, FROM), 9 * i), at(<usize>arg(control, TO), place), plane, isTurned);
  }
}

/** One filter; a vector holds a row of its three taps. */
function filterTile(w: usize, out: usize, plane: usize, isTurned: bool): void {
  let top = loadSome(w, 3), middle = loadSome(w + 12, 3), bottom = loadSome(w + 24, 3);
  if (isTurned) {
    const old = top;
    top = v128.shuffle<i32>(bottom, bottom, 2, 1, 0, 3);
    middle = v128.shuffle<i32>(middle, middle, 2, 1, 0, 3);
    bottom = v128.shuffle<i32>(old, old, 2, 1, 0, 3);
  }
  const outer = f32x4.add(top, bottom);
  filterRow(top, out, plane);
  filterRow(half(f32x4.add(outer, middle)), out + 4 * plane, plane);
  filterRow(half(f32x4.sub(outer, middle)), out + 8 * plane, plane);
  filterRow(bottom, out + 12 * plane, plane);
}

// @ts-ignore: decorator
@inline
function filterRow(row: v128, out: usize, plane: usize): void {
  const left = f32x4.extract_lane(row, 0), middle = f32x4.extract_lane(row, 1), right = f32x4.extract_lane(row, 2);
  const outer = left + right;
  store<f32>(out, left);
  store<f32>(out + plane, 0.5 * (outer + middle));
  store<f32>(out + 2 * plane, 0.5 * (outer - middle));
  store<f32>(out + 3 * plane, right);
}

/** filters[m][c] = G^T tiles[k][m][c] G + (adds ? filters : 0): the gradient of `winogradFilters`. */
export function winogradFilterDiff(
  control: usize, tiles: usize, filters: usize, outChannels: i32, channels: i32, adds: bool,
): void {
  setFilters(control, tiles, filters, outChannels, channels);
  setArg(control, ADDS, adds);
  parallel(control, filterDiffTask.index, ceilDivide(outChannels * channels, FILTERS));
}

function filterDiffTask(control: usize, task: i32, _thread: i32): void {
  const all = arg(control, OUT_CHANNELS) * arg(control, CHANNELS);
  const adds = <bool>arg(control, ADDS);
  const plane = winogradPlane(all);
  const end = min(all, (task + 1) * FILTERS);
  for (let i = task * FILTERS; i < end; i++) {
    const from = at(<usize>arg(control, FROM), i);
    const to = at(<usize>arg(control, TO), 9 * i);
    const top = tileRow(from, plane), upper = tileRow(from + 4 * plane, plane);
    const lower = tileRow(from + 8 * plane, plane), bottom = tileRow(from + 12 * plane, plane);
    const both = half(f32x4.add(upper, lower));
    filterDiffRow(f32x4.add(top, both), to, adds);
    filterDiffRow(half(f32x4.sub(upper, lower)), to + 12, adds);
    filterDiffRow(f32x4.add(both, bottom), to + 24, adds);
  }
}

// @ts-ignore: decorator
@inline
function tileRow(from: usize, plane: usize): v128 {
  const row = f32x4.replace_lane(f32x4.splat(load<f32>(from)), 1, load<f32>(from + plane));
  return f32x4.replace_lane(f32x4.replace_lane(row, 2, load<f32>(from + 2 * plane)), 3, load<f32>(from + 3 * plane));
}

// @ts-ignore: decorator
@inline
function filterDiffRow(row: v128, to: usize, adds: bool): void {
  const u0 = f32x4.extract_lane(row, 0), u1 = f32x4.extract_lane(row, 1);
  const u2 = f32x4.extract_lane(row, 2), u3 = f32x4.extract_lane(row, 3);
  const both: f32 = 0.5 * (u1 + u2);
  let left = u0 + both, middle: f32 = 0.5 * (u1 - u2), right = both + u3;
  if (adds) {
    left += load<f32>(to);
    middle += load<f32>(to, 4);
    right += load<f32>(to, 8);
  }
  store<f32>(to, left);
  store<f32>(to, middle, 4);
  store<f32>(to, right, 8);
}
