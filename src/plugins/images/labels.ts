/**
 * @file Label images: which class each pixel is.
 *
 * A label image is read in one of four ways, the same for the whole dataset:
 * - a palette image: its indices are the classes;
 * - gray, values given by `--label-values`: the i-th value is class i, any other value is an error;
 * - gray with just 0 and one other value in all images (a mask of 0 and 255): those are the classes 0 and 1;
 * - any other gray image: its values are the classes.
 * Colours are read with a colour map, one class a line.
 */
import { readFile } from "node:fs/promises";
import type { Planes, StoredImage } from "../../data/index.ts";
import { DataSourceError, UsageError } from "../../errors.ts";
import { systemReason } from "../../model-file/atomic-write.ts";
import { checkInterrupted } from "../dataset/interrupt.ts";
import { readStoredImage } from "./read-image.ts";

export type Color = readonly [red: number, green: number, blue: number];

/** How label values become classes. */
export interface LabelRule {
  /** Class by value (`red << 16 | green << 8 | blue` for colours); undefined: the value is the class. */
  readonly classes: ReadonlyMap<number, number> | undefined;
  /** Colours of the classes, from the palette of the images or the colour map. */
  readonly palette: readonly Color[] | undefined;
  /** One more than the largest class. */
  readonly classCount: number;
  /** What to tell the user, when values were not taken as they are. */
  readonly note: string | undefined;
}

/** Looks through all labels, so that one rule holds for all of them. */
export async function labelRule(
  paths: readonly string[],
  options: {
    values?: readonly number[] | undefined;
    colormap?: readonly Color[] | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<LabelRule> {
  if (options.colormap) return ruleOfColors(options.colormap);
  if (options.values) return ruleOfValues(options.values, undefined);
  const seen = new Set<number>();
  let first: { path: string; palette: StoredImage["palette"] } | undefined;
  for (const path of paths) {
    checkInterrupted(options.signal);
    // A file that cannot be read is reported when its turn comes.
    const stored = await readStoredImage(path).catch(() => undefined);
    if (!stored) continue;
    const { palette, data } = singleChannel(stored, path);
    first ??= { path, palette };
    // As DIGITS demands it: an index means nothing when the colours differ.
    if (JSON.stringify(palette) !== JSON.stringify(first.palette)) {
      throw new DataSourceError(
        `All label images must use the same palette, but that of ${path} differs from that of ${first.path}`,
      );
    }
    for (const value of data) seen.add(value);
  }
  const palette = first?.palette;
  const values = [...seen].sort((a, b) => a - b);
  const isMask = !palette && values.length === 2 && values[0] === 0 && values[1]! > 1;
  if (isMask)
    return ruleOfValues(values, `labels hold 0 and ${values[1]}, taken as classes 0 and 1`);
  return {
    classes: undefined,
    palette: palette?.map(([r = 0, g = 0, b = 0]) => [r, g, b] as const),
    classCount: Math.max(1, values.at(-1) ?? 0) + 1,
    note: undefined,
  };
}

function ruleOfValues(values: readonly number[], note: string | undefined): LabelRule {
  const classes = new Map(values.map((value, index) => [value, index]));
  return { classes, palette: undefined, classCount: values.length, note };
}

function ruleOfColors(palette: readonly Color[]): LabelRule {
  const classes = new Map(palette.map((color, index) => [colorKey(...color), index]));
  return { classes, palette, classCount: palette.length, note: undefined };
}

/** @throws DataSourceError when the image has a value that the rule does not know. */
export async function readLabel(path: string, rule: LabelRule): Promise<Planes> {
  const byColor = rule.palette !== undefined && rule.classes !== undefined;
  const stored = await readStoredImage(path);
  const label = byColor ? stored : singleChannel(stored, path);
  const { width, height, data } = label;
  const pixels = width * height;
  const out = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const value = byColor ? colorAt(label, i) : data[i]!;
    const index = rule.classes ? rule.classes.get(value) : value;
    if (index === undefined || index > 255) {
      const shown = byColor
        ? `colour (${value >> 16}, ${(value >> 8) & 255}, ${value & 255})`
        : `value ${value}`;
      throw new DataSourceError(
        `${path}: pixel (${i % width}, ${Math.floor(i / width)}) has the ${shown}, which is no class`,
      );
    }
    out[i] = index;
  }
  return { channels: 1, height, width, data: out };
}

/** A label of one channel; three equal ones count as one. */
function singleChannel(label: StoredImage, path: string): StoredImage {
  if (label.channels === 1) return label;
  const pixels = label.width * label.height;
  for (let i = 0; i < pixels; i++) {
    const gray = label.data[i];
    if (label.data[pixels + i] !== gray || label.data[2 * pixels + i] !== gray) {
      throw new DataSourceError(
        `${path}: is a colour image; labels are palette or grayscale images, or need a colour map (--colormap)`,
      );
    }
  }
  return { ...label, channels: 1, data: label.data.slice(0, pixels) };
}

function colorAt({ channels, width, height, data, palette }: StoredImage, i: number): number {
  if (palette) {
    const [r = 0, g = 0, b = 0] = palette[data[i]!] ?? [];
    return colorKey(r, g, b);
  }
  const pixels = channels === 3 ? width * height : 0;
  return colorKey(data[i]!, data[pixels + i]!, data[2 * pixels + i]!);
}

function colorKey(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

/** A colour map as DIGITS reads it: "red green blue" a line, the i-th line being class i. */
export async function readColormap(path: string): Promise<Color[]> {
  const lines = await readLines(path);
  return lines.map((line, index) => {
    const [r, g, b] = line.split(/[\s,]+/).map(Number);
    if (![r, g, b].every((v) => v !== undefined && Number.isInteger(v) && v >= 0 && v <= 255)) {
      throw new DataSourceError(
        `${path}:${index + 1}: expected "red green blue" from 0 to 255, found "${line}"`,
      );
    }
    return [r!, g!, b!];
  });
}

/** The lines of a text file that hold something. */
export async function readLines(path: string): Promise<string[]> {
  try {
    const text = await readFile(path, "utf8");
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
  } catch (cause) {
    throw new DataSourceError(`${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
}

/** "0,255" -> [0, 255]. */
export function parseLabelValues(text: string): number[] {
  const values = text.split(",").map((word) => Number(word.trim() || Number.NaN));
  const areValues = values.every(
    (value) => Number.isInteger(value) && value >= 0 && value <= 65535,
  );
  if (!areValues || new Set(values).size !== values.length || values.length < 2) {
    throw new UsageError(
      `--label-values is "${text}"; expected different whole numbers such as 0,255`,
    );
  }
  return values;
}
