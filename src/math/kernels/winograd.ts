/**
 * @file Winograd's way to convolve with 3 x 3 taps, F(2x2, 3x3): 16 products for every 2 x 2 tile of the
 * result in place of 36 (Lavin and Gray 2015). The transforms between images and their tiles are here, those
 * of filters in winograd-filters.ts; the products in between are matrix products.
 *
 * Tiles lie in planes: element k of 16 of channel c and tile t at [k][c][t], where t counts the tiles of
 * some rows of some images. Four neighbours are transformed at once; a row has at least four, and where their
 * number is no multiple of four, the last four overlap those before them.
 */
import { arg, blockScratch, setArg } from "./memory";
import { copyFloats, fillFloats, loadSome, storeSome } from "./simd";
import { parallel } from "./threads";
import { winogradPlane } from "./winograd-filters";

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
const PAD_LEFT = 10;
const IMAGES = 11;
const IMAGE_STEP = 12;

// @ts-ignore: decorator
@inline
function at(base: usize, index: i32): usize {
  return base + 4 * <usize>index;
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
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
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
  setArg(control, IMAGES, images);
  setArg(control, IMAGE_STEP, imageStep);
}

/** Where rows of tiles of a channel and an image begin; the tiles of an image follow those of the one before. */
function tilesOf(control: usize, tiles: usize, channel: i32, image: i32): usize {
  const count = arg(control, ROWS) * arg(control, TILES_ACROSS);
  return at(tiles, (channel * arg(control, IMAGES) + image) * count);
}

/** Where a channel of an image begins. */
function channelOf(control: usize, base: usize, channel: i32, image: i32): usize {
  const area = arg(control, HEIGHT) * arg(control, WIDTH);
  return at(base, image * arg(control, IMAGE_STEP) + channel * area);
}

/** Bytes from a value of a tile to the next. */
function planeBytes(control: usize): usize {
  const tiles = arg(control, IMAGES) * arg(control, ROWS) * arg(control, TILES_ACROSS);
  return winogradPlane(arg(control, CHANNELS) * tiles);
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
 * tiles = B^T image B for tile rows [firstRow, firstRow + rows) of `images` images, `imageStep` floats apart:
 * 4 x 4 values every two pixels, from `top` pixels above and `left` pixels left of the image on.
 */
export function winogradImage(
  control: usize, image: usize, tiles: usize, channels: i32, height: i32, width: i32, top: i32, left: i32,
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, image, tiles, channels, height, width, top, left, firstRow, rows, tilesAcross, images, imageStep,
  );
  parallel(control, imageTask.index, channels);
}

function imageTask(control: usize, channel: i32, thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const rows = arg(control, ROWS);
  const plane = planeBytes(control);
  const step = 2 * across + 4;
  const lines = blockScratch(control, thread);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, FROM), channel, n);
    let out = tilesOf(control, <usize>arg(control, TO), channel, n);
    for (let row = 0; row < rows; row++) {
      const first = 2 * (arg(control, FIRST_ROW) + row) - arg(control, PAD_TOP);
      copyRows(control, image, first, 4, lines, step);
      for (let t = 0; t < across; t += 4) {
        const tile = min(t, across - 4);
        imageTiles(at(lines, 2 * tile), 4 * <usize>step, at(out, tile), plane);
      }
      out = at(out, across);
    }
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
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, tiles, image, channels, height, width, 0, 0, firstRow, rows, tilesAcross, images, imageStep,
  );
  setArg(control, BIAS, <i32>bias);
  parallel(control, resultTask.index, channels);
}

function resultTask(control: usize, channel: i32, _thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const height = arg(control, HEIGHT);
  const width = arg(control, WIDTH);
  const plane = planeBytes(control);
  const bias = <usize>arg(control, BIAS);
  const start = f32x4.splat(bias ? load<f32>(at(bias, channel)) : 0);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, TO), channel, n);
    let from = tilesOf(control, <usize>arg(control, FROM), channel, n);
    for (let row = 0; row < arg(control, ROWS); row++) {
      const y = 2 * (arg(control, FIRST_ROW) + row);
      const out = at(image, y * width);
      const below = y + 1 < height ? at(out, width) : 0;
      for (let t = 0; 2 * t < width; t += 4) {
        const tile = min(t, across - 4);
        const x = 2 * tile;
        resultTiles(at(from, tile), plane, start, at(out, x), below ? at(below, x) : 0, width - x);
      }
      from = at(from, across);
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
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, image, tiles, channels, height, width, 0, 0, firstRow, rows, tilesAcross, images, imageStep,
  );
  parallel(control, resultDiffTask.index, channels);
}

function resultDiffTask(control: usize, channel: i32, thread: i32): void {
  const across = arg(control, TILES_ACROSS);
  const plane = planeBytes(control);
  const step = 2 * across;
  const lines = blockScratch(control, thread);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, FROM), channel, n);
    let out = tilesOf(control, <usize>arg(control, TO), channel, n);
    for (let row = 0; row < arg(control, ROWS); row++) {
      copyRows(control, image, 2 * (arg(control, FIRST_ROW) + row), 2, lines, step);
      for (let t = 0; t < across; t += 4) {
        const tile = min(t, across - 4);
        resultDiffTiles(at(lines, 2 * tile), 4 * <usize>step, at(out, tile), plane);
      }
      out = at(out, across);
    }
  }
}

/** Four tiles of two rows of pixels. */
function resultDiffTiles(upper: usize, step: usize, out: usize, plane: usize): void {
  const a = v128.load(upper), b = v128.load(upper, 16);
  const c = v128.load(upper + step), d = v128.load(upper + step, 16);
  resultDiffRow(a, b, out, plane);
  resultDiffRow(f32x4.add(a, c), f32x4.add(b, d), out + 4 * plane, plane);
  resultDiffRow(f32x4.sub(a, c), f32x4.sub(b, d), out + 8 * plane, plane);
  resultDiffRow(f32x4.neg(c), f32x4.neg(d), out + 12 * plane, plane);
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
