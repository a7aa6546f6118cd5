/**
 * @file Winograd's way to convolve (Lavin and Gray 2015), with tiles of 6 x 6 values: for 3 x 3 taps 36 products
 * make 4 x 4 pixels of the result in place of 144, F(4x4, 3x3); for 5 x 5 taps they make 2 x 2 in place of 100,
 * F(2x2, 5x5). The transforms between images and their tiles are here, those of filters in
 * winograd-filters.ts; the products in between are matrix products.
 *
 * Tiles lie in planes: value k of 36 of channel c and tile t at [k][c][t], where t counts the tiles of
 * some rows of some images. Four neighbours are transformed at once; a row has at least four, and where their
 * number is no multiple of four, the last four overlap those before them.
 */
import { arg, blockScratch, setArg } from "./memory";
import { transposeTo } from "./pack";
import { copyFloats, fillFloats, loadSome } from "./simd";
import { parallel } from "./threads";
import { winogradPlane } from "./winograd-filters";
import { gatherResult, spreadPixels, spreadResult } from "./winograd-points";

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
const SIZE = 13;

/** Values of a tile along each axis. */
const VALUES = 6;

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

/** The first, and the second, float of each of four vectors. */
// @ts-ignore: decorator
@inline
function firsts(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 0, 4, 1, 5), 0, 2);
}

// @ts-ignore: decorator
@inline
function seconds(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 0, 4, 1, 5), 1, 3);
}

// @ts-ignore: decorator
@inline
function thirds(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<i32>(a, b, 2, 6, 3, 7), v128.shuffle<i32>(c, d, 2, 6, 3, 7), 0, 2);
}

// @ts-ignore: decorator
@inline
function fourths(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<i32>(a, b, 2, 6, 3, 7), v128.shuffle<i32>(c, d, 2, 6, 3, 7), 1, 3);
}

/**
 * What the three transforms below share.
 * @param size pixels of the result along each axis of a tile: 4 or 2
 */
function setImage(
  control: usize, size: i32, from: usize, to: usize, channels: i32, height: i32, width: i32, top: i32, left: i32,
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setArg(control, SIZE, size);
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

/** Floats of a line: a row of pixels that was transformed downwards, and what is read and written past it. */
function lineFloats(control: usize): i32 {
  return arg(control, SIZE) * arg(control, TILES_ACROSS) + 8;
}

/** The row of an image, or the zeros at `zeros` where there is none. */
// @ts-ignore: decorator
@inline
function rowOf(control: usize, image: usize, row: i32, zeros: usize): usize {
  return row >= 0 && row < arg(control, HEIGHT) ? at(image, row * arg(control, WIDTH)) : zeros;
}

/** Transforms rows of pixels from `first` on downwards, to six lines with zeros left and right of the image. */
function spreadRows(control: usize, image: usize, first: i32, lines: usize, isResult: bool): void {
  const width = arg(control, WIDTH);
  const floats = lineFloats(control);
  const pad = arg(control, PAD_LEFT);
  const copied = min(width, floats - 8 + (isResult ? 0 : 4) - pad);
  const step = 4 * <usize>floats;
  const zeros = lines + VALUES * step;
  const p0 = rowOf(control, image, first, zeros), p1 = rowOf(control, image, first + 1, zeros);
  const isPair = isResult && arg(control, SIZE) == 2;
  const p2 = isPair ? zeros : rowOf(control, image, first + 2, zeros);
  const p3 = isPair ? zeros : rowOf(control, image, first + 3, zeros);
  const p4 = isResult ? zeros : rowOf(control, image, first + 4, zeros);
  const p5 = isResult ? zeros : rowOf(control, image, first + 5, zeros);
  const last = isPair ? p1 : p3;
  let out = at(lines, pad);
  for (let x: usize = 0, n = copied; n > 0; n -= 4, x += 16) {
    if (isResult) {
      spreadResult(
        loadSome(p0 + x, n), loadSome(p1 + x, n), loadSome(p2 + x, n), loadSome(p3 + x, n), loadSome(last + x, n),
        out, step,
      );
    } else {
      spreadPixels(
        loadSome(p0 + x, n), loadSome(p1 + x, n), loadSome(p2 + x, n), loadSome(p3 + x, n), loadSome(p4 + x, n),
        loadSome(p5 + x, n), out, step,
      );
    }
    out += 16;
  }
  for (let i = 0; i < VALUES; i++) {
    const line = at(lines, i * floats);
    fillFloats(line, 0, pad);
    fillFloats(at(line, pad + copied), 0, floats - pad - copied);
  }
}

/** Thread memory for six lines and a row of zeros. */
function linesOf(control: usize, thread: i32): usize {
  const lines = blockScratch(control, thread);
  fillFloats(at(lines, VALUES * lineFloats(control)), 0, arg(control, WIDTH));
  return lines;
}

/**
 * tiles = B^T image B for tile rows [firstRow, firstRow + rows) of `images` images, `imageStep` floats apart:
 * 6 x 6 values every `size` pixels, from `top` pixels above and `left` pixels left of the image on.
 */
export function winogradImage(
  control: usize, size: i32, image: usize, tiles: usize, channels: i32, height: i32, width: i32, top: i32, left: i32,
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, size, image, tiles, channels, height, width, top, left, firstRow, rows, tilesAcross, images, imageStep,
  );
  parallel(control, imageTask.index, channels);
}

function imageTask(control: usize, channel: i32, thread: i32): void {
  const size = arg(control, SIZE);
  const across = arg(control, TILES_ACROSS);
  const plane = planeBytes(control);
  const step = 4 * <usize>lineFloats(control);
  const lines = linesOf(control, thread);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, FROM), channel, n);
    let out = tilesOf(control, <usize>arg(control, TO), channel, n);
    for (let row = 0; row < arg(control, ROWS); row++) {
      spreadRows(control, image, size * (arg(control, FIRST_ROW) + row) - arg(control, PAD_TOP), lines, false);
      for (let t = 0; t < across; t += 4) {
        const tile = min(t, across - 4);
        let line = at(lines, size * tile), to = at(out, tile);
        for (let i = 0; i < VALUES; i++) {
          if (size == 4) imageTiles(line, to, plane);
          else narrowImageTiles(line, to, plane);
          line += step;
          to += VALUES * plane;
        }
      }
      out = at(out, across);
    }
  }
}

/** Four tiles' values in a line, whose pixels are four apart. */
// @ts-ignore: decorator
@inline
function imageTiles(line: usize, out: usize, plane: usize): void {
  const a = v128.load(line), b = v128.load(line, 16), c = v128.load(line, 32), d = v128.load(line, 48);
  const next = v128.load(line, 64);
  const d0 = firsts(a, b, c, d), d1 = seconds(a, b, c, d);
  const d4 = v128.shuffle<i32>(d0, next, 1, 2, 3, 4), d5 = v128.shuffle<i32>(d1, next, 1, 2, 3, 5);
  spreadPixels(d0, d1, thirds(a, b, c, d), fourths(a, b, c, d), d4, d5, out, plane);
}

/** Likewise two apart. */
// @ts-ignore: decorator
@inline
function narrowImageTiles(line: usize, out: usize, plane: usize): void {
  const a = v128.load(line), b = v128.load(line, 16), c = v128.load(line, 32);
  const d0 = evens(a, b), d1 = odds(a, b);
  const d2 = v128.shuffle<i32>(d0, c, 1, 2, 3, 4), d3 = v128.shuffle<i32>(d1, c, 1, 2, 3, 5);
  const d4 = v128.shuffle<i32>(d0, c, 2, 3, 4, 6), d5 = v128.shuffle<i32>(d1, c, 2, 3, 5, 7);
  spreadPixels(d0, d1, d2, d3, d4, d5, out, plane);
}

/** image = A^T tiles A + bias, `size` x `size` pixels a tile; `bias` has one value a channel, or is 0. */
export function winogradResult(
  control: usize, size: i32, tiles: usize, image: usize, channels: i32, height: i32, width: i32, bias: usize,
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, size, tiles, image, channels, height, width, 0, 0, firstRow, rows, tilesAcross, images, imageStep,
  );
  setArg(control, BIAS, <i32>bias);
  parallel(control, resultTask.index, channels);
}

function resultTask(control: usize, channel: i32, thread: i32): void {
  const size = arg(control, SIZE);
  const across = arg(control, TILES_ACROSS);
  const height = arg(control, HEIGHT);
  const width = arg(control, WIDTH);
  const plane = planeBytes(control);
  const bias = <usize>arg(control, BIAS);
  const start = f32x4.splat(bias ? load<f32>(at(bias, channel)) : 0);
  const work = blockScratch(control, thread);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, TO), channel, n);
    let from = tilesOf(control, <usize>arg(control, FROM), channel, n);
    for (let row = 0; row < arg(control, ROWS); row++) {
      const y = size * (arg(control, FIRST_ROW) + row);
      for (let t = 0; size * t < width; t += 4) {
        const tile = min(t, across - 4);
        const out = at(image, y * width + size * tile);
        resultTiles(size, at(from, tile), plane, start, work, out, width, height - y, width - size * tile);
      }
      from = at(from, across);
    }
  }
}

/** Four tiles: `size` rows of pixels, or as many as the image has. */
function resultTiles(
  size: i32, from: usize, plane: usize, start: v128, work: usize, out: usize, width: i32, rows: i32, count: i32,
): void {
  const sums = work + 4 * VALUES * 16, pixels = sums + 64;
  for (let j: usize = 0; j < <usize>VALUES; j++) {
    const to = work + 16 * j;
    if (size == 4) gatherResult(4, from + j * plane, VALUES * plane, f32x4.splat(0), to, 16 * VALUES);
    else gatherResult(2, from + j * plane, VALUES * plane, f32x4.splat(0), to, 16 * VALUES);
  }
  const isWhole = count >= 4 * size;
  for (let i = 0; i < min(size, rows); i++) {
    const line = work + <usize>i * (16 * VALUES);
    const to = isWhole ? out : pixels;
    if (size == 4) {
      gatherResult(4, line, 16, start, sums, 16);
      transposeTo(sums, sums + 16, sums + 32, sums + 48, to, 16);
    } else {
      gatherResult(2, line, 16, start, sums, 16);
      const left = v128.load(sums), right = v128.load(sums, 16);
      v128.store(to, v128.shuffle<i32>(left, right, 0, 4, 1, 5));
      v128.store(to, v128.shuffle<i32>(left, right, 2, 6, 3, 7), 16);
    }
    if (!isWhole) copyFloats(pixels, out, count);
    out = at(out, width);
  }
}

/** tiles = A image A^T for gradients of a result: 6 x 6 values of every `size` x `size` pixels. */
export function winogradResultDiff(
  control: usize, size: i32, image: usize, tiles: usize, channels: i32, height: i32, width: i32,
  firstRow: i32, rows: i32, tilesAcross: i32, images: i32, imageStep: i32,
): void {
  setImage(
    control, size, image, tiles, channels, height, width, 0, 0, firstRow, rows, tilesAcross, images, imageStep,
  );
  parallel(control, resultDiffTask.index, channels);
}

function resultDiffTask(control: usize, channel: i32, thread: i32): void {
  const size = arg(control, SIZE);
  const across = arg(control, TILES_ACROSS);
  const plane = planeBytes(control);
  const step = 4 * <usize>lineFloats(control);
  const lines = linesOf(control, thread);
  for (let n = 0; n < arg(control, IMAGES); n++) {
    const image = channelOf(control, <usize>arg(control, FROM), channel, n);
    let out = tilesOf(control, <usize>arg(control, TO), channel, n);
    for (let row = 0; row < arg(control, ROWS); row++) {
      spreadRows(control, image, size * (arg(control, FIRST_ROW) + row), lines, true);
      for (let t = 0; t < across; t += 4) {
        const tile = min(t, across - 4);
        let line = at(lines, size * tile), to = at(out, tile);
        for (let i = 0; i < VALUES; i++) {
          if (size == 4) resultDiffTiles(line, to, plane);
          else narrowResultDiffTiles(line, to, plane);
          line += step;
          to += VALUES * plane;
        }
      }
      out = at(out, across);
    }
  }
}

// @ts-ignore: decorator
@inline
function resultDiffTiles(line: usize, out: usize, plane: usize): void {
  const a = v128.load(line), b = v128.load(line, 16), c = v128.load(line, 32), d = v128.load(line, 48);
  const last = fourths(a, b, c, d);
  spreadResult(firsts(a, b, c, d), seconds(a, b, c, d), thirds(a, b, c, d), last, last, out, plane);
}

// @ts-ignore: decorator
@inline
function narrowResultDiffTiles(line: usize, out: usize, plane: usize): void {
  const a = v128.load(line), b = v128.load(line, 16);
  const last = odds(a, b), none = f32x4.splat(0);
  spreadResult(evens(a, b), last, none, none, last, out, plane);
}
