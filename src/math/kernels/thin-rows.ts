/**
 * @file The inner loops of convolutions with few channels a group. The out side is walked in blocks of
 * four rows by four columns that stay in registers while all taps pass; what is left over at the end of
 * a row or a column of blocks is computed twice rather than in part.
 */
import { POSITIONS, POSITION_TABLE, RUN, RUN_STEP, TAP_TABLE, floats, get } from "./geometry";
import { madd, sumLanes } from "./simd";

/** Bytes from one value of a row to the next: neighbours, or every second one. */
const NEIGHBOURS: usize = 4;
const EVERY_SECOND: usize = 8;

/** Whether the loops of this file can walk such rows. */
export function hasRows(geometry: usize): bool {
  const step = <usize>get(geometry, RUN_STEP);
  return get(geometry, RUN) >= 4 && (step == NEIGHBOURS || step == EVERY_SECOND);
}

/** Four values of a row, reading no float past the last of them. */
// @ts-ignore: decorator
@inline
function fourOf(x: usize, everySecond: bool): v128 {
  return everySecond
    ? v128.shuffle<f32>(v128.load(x), v128.load(x, 12), 0, 2, 5, 7)
    : v128.load(x);
}

/** out[p] = start + sum over taps of weight[tap] image[tap at p], for all positions. */
export function gatherRows(
  geometry: usize, taps: i32, weight: usize, image: usize, out: usize, start: f32,
): void {
  if (<usize>get(geometry, RUN_STEP) == NEIGHBOURS) gather(geometry, taps, weight, image, out, start, false);
  else gather(geometry, taps, weight, image, out, start, true);
}

// @ts-ignore: decorator
@inline
function gather(
  geometry: usize, taps: i32, weight: usize, image: usize, out: usize, start: f32, everySecond: bool,
): void {
  const length = get(geometry, RUN);
  const lines = get(geometry, POSITIONS) / length;
  const table = <usize>get(geometry, POSITION_TABLE);
  for (let line = 0; line < lines; line += 4) {
    if (line + 4 > lines) line = max(0, lines - 4);
    const last = lines - 1;
    const l1 = min(line + 1, last), l2 = min(line + 2, last), l3 = min(line + 3, last);
    for (let column = 0; column < length; column += 4) {
      if (column + 4 > length) column = length - 4;
      const shift = <usize>column * (everySecond ? EVERY_SECOND : NEIGHBOURS);
      gatherBlock(
        <usize>get(geometry, TAP_TABLE), taps, weight, start,
        image + shift + lineOffset(table, line, length), image + shift + lineOffset(table, l1, length),
        image + shift + lineOffset(table, l2, length), image + shift + lineOffset(table, l3, length),
        out + floats(line * length + column), out + floats(l1 * length + column),
        out + floats(l2 * length + column), out + floats(l3 * length + column), everySecond,
      );
    }
  }
}

// @ts-ignore: decorator
@inline
function lineOffset(table: usize, line: i32, length: i32): usize {
  return <usize>load<i32>(table + floats(line * length));
}

// @ts-ignore: decorator
@inline
function gatherBlock(
  tapTable: usize, taps: i32, weight: usize, start: f32, x0: usize, x1: usize, x2: usize, x3: usize,
  y0: usize, y1: usize, y2: usize, y3: usize, everySecond: bool,
): void {
  let a = f32x4.splat(start), b = a, c = a, d = a;
  for (let t = 0; t < taps; t++) {
    const at = <usize>load<i32>(tapTable + floats(t));
    const w = v128.load32_splat(weight + floats(t));
    a = madd(w, fourOf(x0 + at, everySecond), a);
    b = madd(w, fourOf(x1 + at, everySecond), b);
    c = madd(w, fourOf(x2 + at, everySecond), c);
    d = madd(w, fourOf(x3 + at, everySecond), d);
  }
  v128.store(y0, a);
  v128.store(y1, b);
  v128.store(y2, c);
  v128.store(y3, d);
}

/** to[tap] += sum over all positions of out[p] image[tap at p]. */
export function sumRows(geometry: usize, taps: i32, image: usize, out: usize, to: usize): void {
  if (<usize>get(geometry, RUN_STEP) == NEIGHBOURS) sumTaps(geometry, taps, image, out, to, false);
  else sumTaps(geometry, taps, image, out, to, true);
}

/** Four taps at a time, so that a value of the out side is read once for all of them. */
// @ts-ignore: decorator
@inline
function sumTaps(
  geometry: usize, taps: i32, image: usize, out: usize, to: usize, everySecond: bool,
): void {
  const table = <usize>get(geometry, TAP_TABLE);
  for (let t = 0; t < taps; t += 4) {
    // A tap that is not there is the last one again; only what is there is written.
    const last = taps - 1;
    sumBlock(
      geometry, out, image + <usize>load<i32>(table + floats(t)),
      image + <usize>load<i32>(table + floats(min(t + 1, last))),
      image + <usize>load<i32>(table + floats(min(t + 2, last))),
      image + <usize>load<i32>(table + floats(min(t + 3, last))),
      to + floats(t), taps - t, everySecond,
    );
  }
}

// @ts-ignore: decorator
@inline
function sumBlock(
  geometry: usize, out: usize, x0: usize, x1: usize, x2: usize, x3: usize, to: usize, count: i32,
  everySecond: bool,
): void {
  const positions = get(geometry, POSITIONS);
  const length = get(geometry, RUN);
  const table = <usize>get(geometry, POSITION_TABLE);
  const step = everySecond ? EVERY_SECOND : NEIGHBOURS;
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (let p = 0; p < positions; p += length) {
    let at = <usize>load<i32>(table + floats(p));
    let y = out + floats(p);
    let n = length;
    for (; n >= 4; n -= 4) {
      const v = v128.load(y);
      a = madd(v, fourOf(x0 + at, everySecond), a);
      b = madd(v, fourOf(x1 + at, everySecond), b);
      c = madd(v, fourOf(x2 + at, everySecond), c);
      d = madd(v, fourOf(x3 + at, everySecond), d);
      at += 4 * step;
      y += 16;
    }
    // The last four values again, less those that were counted: rows are at least four long.
    if (n > 0) {
      const back = <usize>(4 - n);
      const v = withoutFirst(v128.load(y - 4 * back), <i32>back);
      const from = at - back * step;
      a = madd(v, fourOf(x0 + from, everySecond), a);
      b = madd(v, fourOf(x1 + from, everySecond), b);
      c = madd(v, fourOf(x2 + from, everySecond), c);
      d = madd(v, fourOf(x3 + from, everySecond), d);
    }
  }
  add(to, a);
  if (count > 1) add(to + 4, b);
  if (count > 2) add(to + 8, c);
  if (count > 3) add(to + 12, d);
}

/** The vector with its first one to three lanes set to 0. */
// @ts-ignore: decorator
@inline
function withoutFirst(v: v128, count: i32): v128 {
  const lanes = i32x4(0, 1, 2, 3);
  return v128.and(v, i32x4.ge_s(lanes, i32x4.splat(count)));
}

// @ts-ignore: decorator
@inline
function add(to: usize, lanes: v128): void {
  store<f32>(to, load<f32>(to) + sumLanes(lanes));
}
