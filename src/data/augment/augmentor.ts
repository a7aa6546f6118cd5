/** @file The augmentation of one record, in its own memory. */
import { createDraws } from "./draws.ts";
import { PixelMap } from "./map.ts";
import { type Augmentation, changesValues, movesPixels } from "./settings.ts";
import { changeValues } from "./values.ts";

/** Sizes along the axes channel, row, column. */
export interface PlanesSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const draws = createDraws();
const map = new PixelMap(draws);

/**
 * Writes what becomes of record `record` of a layer to `to`; both arrays have the axes (channel, row,
 * column). Reserves no memory once it has seen the widest image.
 */
export function augment(
  from: Float32Array,
  to: Float32Array,
  size: PlanesSize,
  settings: Augmentation,
  record: number,
): void {
  const isLabel = settings.content === "LABEL";
  if (movesPixels(settings)) {
    map.draw(settings, record, size.height, size.width);
    for (let y = 0; y < size.height; y++) {
      map.enterRow(y);
      for (let c = 0; c < size.channels; c++) {
        if (isLabel) readNearest(from, to, size, c, y);
        else readBetween(from, to, size, c, y);
      }
    }
  } else to.set(from);
  if (!isLabel && changesValues(settings)) changeValues(to, settings, record, draws);
}

/** Takes the values of the nearest pixels, halves rounded up. */
function readNearest(
  from: Float32Array,
  to: Float32Array,
  { height, width }: PlanesSize,
  channel: number,
  y: number,
): void {
  const { columns, rows } = map;
  const plane = channel * height * width;
  const out = plane + y * width;
  for (let x = 0; x < width; x++) {
    const at = Math.floor(rows[x]! + 0.5) * width + Math.floor(columns[x]! + 0.5);
    to[out + x] = from[plane + at]!;
  }
}

/** Interpolates between the four pixels around each place. */
function readBetween(
  from: Float32Array,
  to: Float32Array,
  { height, width }: PlanesSize,
  channel: number,
  y: number,
): void {
  const { columns, rows } = map;
  const plane = channel * height * width;
  const out = plane + y * width;
  for (let x = 0; x < width; x++) {
    const [u, v] = [columns[x]!, rows[x]!];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const at = plane + row * width + column;
    const right = column < width - 1 ? 1 : 0;
    const below = row < height - 1 ? width : 0;
    const [p, q] = [u - column, v - row];
    const upper = from[at]! * (1 - p) + from[at + right]! * p;
    const lower = from[at + below]! * (1 - p) + from[at + below + right]! * p;
    to[out + x] = upper * (1 - q) + lower * q;
  }
}
