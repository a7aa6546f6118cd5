/**
 * @file Winograd's way to convolve with 3 x 3 taps, F(2x2, 3x3): 16 products for every 2 x 2 tile of the
 * result in place of 36 (Lavin and Gray 2015). The transforms between images, filters and their tiles are
 * here; the products in between are matrix products.
 *
 * Tiles lie in planes: element k of 16 of channel c and tile t at [k][c][t]. Tiles of a row are padded to
 * a multiple of four, and four neighbours are transformed at once.
 */
import { arg, blockScratch, ceilDivide, setArg } from "./memory";
import { copyFloats, fillFloats, loadSome, storeSome } from "./simd";
import { parallel } from "./threads";

const FROM = 0;
const TO = 1;
const HEIGHT = 2;
const WIDTH = 3;
const PAD_TOP = 4;
const FIRST_ROW = 5;
const ROWS = 6;
const TILES_ACROSS = 7;
const CHANNELS = 8;
const BIAS = 9;
const OTHER = 10;
const TURNED = 11;
const ADDS = 12;
const PAD_LEFT = 13;

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

/** The evens of eight neighbours. */
// @ts-ignore: decorator
@inline
function evens(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function odds(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 1, 3, 5, 7);
}

function setImage(
  control: usize, from: usize, to: usize, channels: i32, height: i32, width: i32, top: i32, left: i32,
  firstRow: i32, rows: i32, tilesAcross: i32,
): void {
  setArg(control, FROM, <i32>from);
  setArg(control, TO, <i32>to);
  setArg(control, CHANNELS, channels);
  setArg(control, HEIGHT, height);
  setArg(control, WIDTH, width);
  setArg(control, PAD_TOP, top);
  setArg(control, PAD_LEFT, left);
  setArg(control, FIRST_ROW, firstRow);
  setArg(control, ROWS, rows);
  setArg(control, TILES_ACROSS, tilesAcross);
}

/** Copies `count` image rows from `first` on to scratch memory, zeros outside the image; `step` floats a row. */
function copyRows(control: usize, image: usize, first: i32, count: i32, to: usize, step: i32): void {
  const height = arg(control, HEIGHT);
  const width = arg(control, WIDTH);
  const pad = arg(control, PAD_LEFT);
  for (let r = 0; r < count; r++) {
    const row = first + r;
    const out = at(to, r * step);
    if (row < 0 || row >= height) {
      fillFloats(out, 0, step);
      continue;
    }
    const copied = min(width, step - pad);
    fillFloats(out, 0, pad);
    copyFloats(at(image, row * width), at(out, pad), copied);
    fillFloats(at(out, pad + copied), 0, step - pad - copied);
  }
}

/**
 * tiles = B^T image B for tile rows [firstRow, firstRow + rows): 4 x 4 values every two pixels, from
 * `top` pixels above and `left` pixels left of the image on.
 */
export function winogradImage(
  control: usize, image: usize, tiles: usize, channels: i32, height: i32, width: i32, top: i32, left: i32,
  firstRow: i32, rows: i32, tilesAcross: i32,
): void {
  setImage(control, image, tiles, channels, height, width, top, left, firstRow, rows, tilesAcross);
  parallel(control, imageTask.index, channels);
}

function imageTask(control: usize, channel: i32, thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const rows = arg(control, ROWS);
  const plane = arg(control, CHANNELS) * rows * across;
  const image = at(<usize>arg(control, FROM), channel * arg(control, HEIGHT) * arg(control, WIDTH));
  const step = 2 * across + 4;
  const lines = blockScratch(control, thread);
  for (let row = 0; row < rows; row++) {
    const first = 2 * (arg(control, FIRST_ROW) + row) - arg(control, PAD_TOP);
    copyRows(control, image, first, 4, lines, step);
    const out = at(<usize>arg(control, TO), (channel * rows + row) * across);
    for (let t = 0; t < across; t += 4) imageTiles(at(lines, 2 * t), 4 * <usize>step, at(out, t), 4 * <usize>plane);
  }
}

/** Four tiles of four rows of pixels. */
function imageTiles(line: usize, step: usize, out: usize, plane: usize): void {
  // Down the columns first: whole vectors of pixels.
  let a0 = v128.load(line), b0 = v128.load(line, 16), c0 = v128.load(line, 32);
  line += step;
  const a1 = v128.load(line), b1 = v128.load(line, 16), c1 = v128.load(line, 32);
  line += step;
  const a2 = v128.load(line), b2 = v128.load(line, 16), c2 = v128.load(line, 32);
  line += step;
  const a3 = v128.load(line), b3 = v128.load(line, 16), c3 = v128.load(line, 32);
  imageRow(f32x4.sub(a0, a2), f32x4.sub(b0, b2), f32x4.sub(c0, c2), out, plane);
  out += 4 * plane;
  imageRow(f32x4.add(a1, a2), f32x4.add(b1, b2), f32x4.add(c1, c2), out, plane);
  out += 4 * plane;
  imageRow(f32x4.sub(a2, a1), f32x4.sub(b2, b1), f32x4.sub(c2, c1), out, plane);
  out += 4 * plane;
  imageRow(f32x4.sub(a1, a3), f32x4.sub(b1, b3), f32x4.sub(c1, c3), out, plane);
}

/** Twelve neighbouring pixels become four values of each of four tiles. */
// @ts-ignore: decorator
@inline
function imageRow(a: v128, b: v128, c: v128, out: usize, plane: usize): void {
  const d0 = evens(a, b), d1 = odds(a, b);
  const d2 = v128.shuffle<i32>(d0, c, 1, 2, 3, 4), d3 = v128.shuffle<i32>(d1, c, 1, 2, 3, 5);
  v128.store(out, f32x4.sub(d0, d2));
  v128.store(out + plane, f32x4.add(d1, d2));
  v128.store(out + 2 * plane, f32x4.sub(d2, d1));
  v128.store(out + 3 * plane, f32x4.sub(d1, d3));
}

/** image = A^T tiles A + bias, two by two pixels a tile; `bias` has one value a channel, or is 0. */
export function winogradResult(
  control: usize, tiles: usize, image: usize, channels: i32, height: i32, width: i32, bias: usize,
  firstRow: i32, rows: i32, tilesAcross: i32,
): void {
  setImage(control, tiles, image, channels, height, width, 0, 0, firstRow, rows, tilesAcross);
  setArg(control, BIAS, <i32>bias);
  parallel(control, resultTask.index, channels);
}

function resultTask(control: usize, channel: i32, _thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const rows = arg(control, ROWS);
  const height = arg(control, HEIGHT);
  const width = arg(control, WIDTH);
  const plane = arg(control, CHANNELS) * rows * across;
  const bias = <usize>arg(control, BIAS);
  const start = f32x4.splat(bias ? load<f32>(at(bias, channel)) : 0);
  const image = at(<usize>arg(control, TO), channel * height * width);
  for (let row = 0; row < rows; row++) {
    const y = 2 * (arg(control, FIRST_ROW) + row);
    const from = at(<usize>arg(control, FROM), (channel * rows + row) * across);
    const out = at(image, y * width);
    const below = y + 1 < height ? at(out, width) : 0;
    for (let t = 0; 2 * t < width; t += 4) {
      resultTiles(at(from, t), 4 * <usize>plane, start, at(out, 2 * t), below ? at(below, 2 * t) : 0, width - 2 * t);
    }
  }
}

/** Four tiles: eight pixels of two rows, or as many of them as the image has. */
function resultTiles(from: usize, plane: usize, start: v128, out: usize, below: usize, count: i32): void {
  let e0 = start, o0 = start, e1 = start, o1 = start;
  for (let j = 0; j < 4; j++) {
    const m0 = v128.load(from), m1 = v128.load(from + 4 * plane);
    const m2 = v128.load(from + 8 * plane), m3 = v128.load(from + 12 * plane);
    const upper = f32x4.add(f32x4.add(m0, m1), m2);
    const lower = f32x4.sub(f32x4.sub(m1, m2), m3);
    if (j < 3) {
      e0 = f32x4.add(e0, upper);
      e1 = f32x4.add(e1, lower);
    }
    if (j == 1) {
      o0 = f32x4.add(o0, upper);
      o1 = f32x4.add(o1, lower);
    } else if (j > 1) {
      o0 = f32x4.sub(o0, upper);
      o1 = f32x4.sub(o1, lower);
    }
    from += plane;
  }
  storePixels(out, e0, o0, count);
  if (below) storePixels(below, e1, o1, count);
}

// @ts-ignore: decorator
@inline
function storePixels(out: usize, even: v128, odd: v128, count: i32): void {
  storeSome(out, v128.shuffle<i32>(even, odd, 0, 4, 1, 5), count);
  if (count > 4) storeSome(out + 16, v128.shuffle<i32>(even, odd, 2, 6, 3, 7), count - 4);
}

/** tiles = A image A^T for gradients of a result: 4 x 4 values of every 2 x 2 pixels. */
export function winogradResultDiff(
  control: usize, image: usize, tiles: usize, channels: i32, height: i32, width: i32,
  firstRow: i32, rows: i32, tilesAcross: i32,
): void {
  setImage(control, image, tiles, channels, height, width, 0, 0, firstRow, rows, tilesAcross);
  parallel(control, resultDiffTask.index, channels);
}

function resultDiffTask(control: usize, channel: i32, thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const rows = arg(control, ROWS);
  const plane = 4 * <usize>(arg(control, CHANNELS) * rows * across);
  const image = at(<usize>arg(control, FROM), channel * arg(control, HEIGHT) * arg(control, WIDTH));
  const step = 2 * across;
  const lines = blockScratch(control, thread);
  for (let row = 0; row < rows; row++) {
    copyRows(control, image, 2 * (arg(control, FIRST_ROW) + row), 2, lines, step);
    let out = at(<usize>arg(control, TO), (channel * rows + row) * across);
    for (let t = 0; t < across; t += 4) {
      const upper = at(lines, 2 * t), lower = at(upper, step);
      const a = v128.load(upper), b = v128.load(upper, 16), c = v128.load(lower), d = v128.load(lower, 16);
      resultDiffRow(a, b, out, plane);
      resultDiffRow(f32x4.add(a, c), f32x4.add(b, d), out + 4 * plane, plane);
      resultDiffRow(f32x4.sub(a, c), f32x4.sub(b, d), out + 8 * plane, plane);
      resultDiffRow(f32x4.neg(c), f32x4.neg(d), out + 12 * plane, plane);
      out += 16;
    }
  }
}

// @ts-ignore: decorator
@inline
function resultDiffRow(a: v128, b: v128, out: usize, plane: usize): void {
  const even = evens(a, b), odd = odds(a, b);
  v128.store(out, even);
  v128.store(out + plane, f32x4.add(even, odd));
  v128.store(out + 2 * plane, f32x4.sub(even, odd));
  v128.store(out + 3 * plane, f32x4.neg(odd));
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
  setArg(control, OTHER, outChannels);
  setArg(control, CHANNELS, channels);
}

function filtersTask(control: usize, task: i32, _thread: i32): void {
  const channels = arg(control, CHANNELS);
  const all = arg(control, OTHER) * channels;
  const plane = 4 * <usize>all;
  const isTurned = <bool>arg(control, TURNED);
  const end = min(all, (task + 1) * FILTERS);
  for (let i = task * FILTERS; i < end; i++) {
    const place = isTurned ? (i % channels) * arg(control, OTHER) + i / channels : i;
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
  const all = arg(control, OTHER) * arg(control, CHANNELS);
  const adds = <bool>arg(control, ADDS);
  const plane = 4 * <usize>all;
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
