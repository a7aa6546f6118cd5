/** @file Filters and channels as tiles of one picture, as DIGITS shows them. */
import { encode } from "fast-png";
import { type ColorMapName, colorMap } from "./color-map.ts";

export interface TilePicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** How many tiles there are in it, of how many. */
  readonly shown: number;
  readonly of: number;
}

/** Planes one after the other, (tiles, channels, height, width); channels are 1, or 3 of blue, green, red. */
interface Tiles {
  readonly data: Float32Array;
  readonly count: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

const MOST_TILES = 64;
/** Larger tiles are made smaller, so that all of them together have about as many pixels. */
const PIXELS = 200_000;
const LARGEST_TILE = 128;
/** Of the picture, so that many layers fit below each other. */
const WIDTH_TO_HEIGHT = 2.5;
const GAP = 1;

export type TileKind = "weights" | "activation" | "input";
const MAPS = {
  weights: "twoSided",
  activation: "steps",
  input: "gray",
} as const satisfies Record<TileKind, ColorMapName>;

/**
 * - Weights (outputs, inputs, rows, columns): a tile for each pair of output and input, in colour where
 *   there are three inputs; those of 1 x 1, and of fully connected layers, are one tile, a row an output.
 *   Blue is negative, white zero, red positive.
 * - Activations (1, channels, rows, columns): a tile a channel, dark the lowest value of all; those of the
 *   net's input stay gray.
 * @returns undefined for numbers that are no planes
 */
export function tilesOf(
  data: Float32Array,
  shape: readonly number[],
  kind: TileKind,
): TilePicture | undefined {
  const tiles = kind === "weights" ? weightTiles(data, shape) : channelTiles(data, shape);
  if (!tiles || tiles.count === 0 || tiles.width * tiles.height <= 1) return undefined;
  const shown = Math.min(MOST_TILES, tiles.count);
  const side = Math.min(LARGEST_TILE, Math.floor(Math.sqrt(PIXELS / shown)));
  const small = shrunk({ ...tiles, count: shown }, side);
  return { ...drawn(small, MAPS[kind]), shown, of: tiles.count };
}

function weightTiles(data: Float32Array, shape: readonly number[]): Tiles | undefined {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  if (shape.length < 2 || shape.length > 4) return undefined;
  if (height * width === 1) {
    return { data, count: 1, channels: 1, height: outputs, width: inputs };
  }
  if (inputs === 3) return { data, count: outputs, channels: 3, height, width };
  return { data, count: outputs * inputs, channels: 1, height, width };
}

function channelTiles(data: Float32Array, shape: readonly number[]): Tiles | undefined {
  const [, channels = 1, height = 1, width = 1] = shape;
  if (shape.length !== 4) return undefined;
  return { data, count: channels, channels: 1, height, width };
}

/** Averages over blocks of pixels, so that no tile is larger than `side`. */
function shrunk(tiles: Tiles, side: number): Tiles {
  const { data, count, channels, height, width } = tiles;
  const planes = count * channels;
  const block = Math.ceil(Math.max(height, width) / side);
  if (block <= 1) return { ...tiles, data: data.subarray(0, planes * height * width) };
  const [rows, columns] = [Math.ceil(height / block), Math.ceil(width / block)];
  const small = new Float32Array(planes * rows * columns);
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let [sum, pixels] = [0, 0];
        for (let y = r * block; y < Math.min(height, (r + 1) * block); y++) {
          for (let x = c * block; x < Math.min(width, (c + 1) * block); x++) {
            sum += data[(p * height + y) * width + x]!;
            pixels++;
          }
        }
        small[(p * rows + r) * columns + c] = sum / pixels;
      }
    }
  }
  return { data: small, count, channels, height: rows, width: columns };
}

function drawn(tiles: Tiles, map: ColorMapName): Pick<TilePicture, "png" | "width" | "height"> {
  const { count, channels, height, width } = tiles;
  const across = Math.ceil(Math.sqrt(count * WIDTH_TO_HEIGHT * (height / width)));
  const columns = Math.min(count, Math.max(1, across));
  const rows = Math.ceil(count / columns);
  const size = {
    width: columns * (width + GAP) - GAP,
    height: rows * (height + GAP) - GAP,
  };
  const paint = channels === 3 ? colorTiles(tiles) : mappedTiles(tiles, map);
  const pixels = new Uint8Array(size.width * size.height * channels);
  for (let n = 0; n < count; n++) {
    const top = Math.floor(n / columns) * (height + GAP);
    const left = (n % columns) * (width + GAP);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = channels * ((top + y) * size.width + left + x);
        for (let c = 0; c < channels; c++) pixels[at + c] = paint(n, y * width + x, c);
      }
    }
  }
  const image = { ...size, data: pixels, depth: 8, channels } as const;
  const palette = [[128, 128, 128], ...colorMap(map, 255)].map(
    ([r = 0, g = 0, b = 0]): [number, number, number] => [r, g, b],
  );
  return { ...size, png: encode(channels === 1 ? { ...image, palette } : image) };
}

/** Indices of a palette whose first colour is that of the gaps. */
function mappedTiles({ data, height, width }: Tiles, map: ColorMapName) {
  let [low, high] = rangeOf(data);
  if (map === "twoSided") {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = -high;
  }
  const factor = 254 / (high - low || 1);
  return (n: number, i: number) => {
    const value = data[n * height * width + i]!;
    if (Number.isFinite(value)) return 1 + Math.round((value - low) * factor);
    return 0;
  };
}

function colorTiles({ data, height, width }: Tiles) {
  const [low, high] = rangeOf(data);
  const factor = 255 / (high - low || 1);
  const plane = height * width;
  return (n: number, i: number, c: number) =>
    Math.round((data[(3 * n + 2 - c) * plane + i]! - low) * factor);
}

/** The smallest and the largest finite value; 0 and 0 where there is none. */
function rangeOf(data: Float32Array): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 0];
}
