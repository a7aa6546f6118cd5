/** @file Contour files of the challenge: one `x y` pair of pixel coordinates a line. */
import { readFile } from "node:fs/promises";
import { DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/index.ts";
import type { Mask, Point } from "./fill-poly.ts";
import { fillPoly } from "./fill-poly.ts";

/** Coordinates beyond this are a mistake, not a contour. */
const MAX_COORDINATE = 2 ** 20;

/** @throws DataSourceError naming the file, when it cannot be read or holds anything but pairs of numbers. */
export async function readContour(path: string): Promise<Point[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new DataSourceError(`${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
  return parseContour(text, path);
}

/**
 * @param name stands at the head of error messages
 * @throws DataSourceError with the line where there is something else than two numbers, or when there are no points.
 */
export function parseContour(text: string, name: string): Point[] {
  const points: Point[] = [];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const words = withoutComment(line).trim().split(/\s+/);
    if (words[0] === "") continue;
    const [x, y] = [Number(words[0]), Number(words[1])];
    const isPoint = Math.abs(x) <= MAX_COORDINATE && Math.abs(y) <= MAX_COORDINATE;
    if (words.length !== 2 || !isPoint) {
      const shown = JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}...` : line);
      throw new DataSourceError(
        `${name}:${index + 1}: expected a point as "x y" in pixels, found ${shown}`,
      );
    }
    points.push({ x, y });
  }
  if (points.length === 0) throw new DataSourceError(`${name}: holds no points`);
  return points;
}

/** numpy's `loadtxt`, with which DIGITS reads contours, takes what follows a # for a comment. */
function withoutComment(line: string): string {
  const at = line.indexOf("#");
  return at < 0 ? line : line.slice(0, at);
}

/** The inside of a contour as 1, everything else as 0; coordinates are cut toward zero, as DIGITS' `astype(int)`. */
export function contourMask(contour: readonly Point[], width: number, height: number): Mask {
  const mask = { width, height, data: new Uint8Array(width * height) };
  const points = contour.map(({ x, y }) => ({ x: Math.trunc(x), y: Math.trunc(y) }));
  fillPoly(mask, points, 1);
  return mask;
}
