/** @file Class maps as PNG files. */
import { encode } from "fast-png";
import type { ClassMap } from "./class-map.ts";
import { classPalette } from "./palette.ts";

/**
 * An indexed PNG: the stored values are the classes, the colours their palette (black and white for
 * two classes), so that programs and people both read it.
 */
export function maskPng({ width, height, classes }: ClassMap, classCount: number): Uint8Array {
  const palette = classPalette(Math.max(2, classCount)).map(([r, g, b]) => [r, g, b] as const);
  return encode({
    ...{ width, height, data: classes, depth: 8, channels: 1 },
    palette: palette.map(([r, g, b]): [number, number, number] => [r, g, b]),
  });
}
