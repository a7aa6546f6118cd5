/** @file What is odd about a layer, in words, and how large its tiles are drawn. */
import type { ShownArray, ShownLayer } from "../../test-types.ts";

export interface Mark {
  readonly text: string;
  /** Whether nothing passes the layer. */
  readonly isDead: boolean;
}

/** All zero, never active, the same everywhere, not a number; nothing for a layer that works. */
export function marksOf({ weights, activations }: ShownLayer): Mark[] {
  const marks: Mark[] = [];
  if (weights) marks.push(...marksOfWeights(weights));
  for (const array of activations) marks.push(...marksOfActivation(array));
  return marks;
}

function marksOfWeights(array: ShownArray): Mark[] {
  if (isZero(array)) return [{ text: "all weights are 0", isDead: true }];
  const { count, of } = array.dead;
  const some =
    count > 0 && of > 1 ? [{ text: `${count} of ${of} filters are 0`, isDead: false }] : [];
  return [...oddMarks("weights", array), ...some];
}

function marksOfActivation(array: ShownLayer["activations"][number]): Mark[] {
  const { dead, statistics, blob } = array;
  if (isZero(array)) return [{ text: `never active: ${blob} is 0 everywhere`, isDead: true }];
  const marks = oddMarks(blob, array);
  if (dead.count > 0 && dead.of > 1) {
    marks.push({ text: `${dead.count} of ${dead.of} channels are not active here`, isDead: false });
  }
  if (statistics.count > 1 && statistics.odd === 0 && statistics.min === statistics.max) {
    marks.push({ text: `${blob} is the same everywhere`, isDead: false });
  }
  return marks;
}

function oddMarks(what: string, { statistics }: ShownArray): Mark[] {
  if (statistics.odd === 0) return [];
  return [{ text: `${what}: ${statistics.odd} values are NaN or infinite`, isDead: false }];
}

function isZero({ statistics: { min, max, odd, count } }: ShownArray): boolean {
  return count > 0 && odd === 0 && min === 0 && max === 0;
}

const LEGIBLE_WIDTH = 480;
const LEGIBLE_HEIGHT = 190;

/** Small pictures are enlarged by a whole number, so that pixels stay square. */
export function tileScale({ width, height }: { width: number; height: number }): number {
  return Math.max(
    1,
    Math.min(12, Math.floor(Math.min(LEGIBLE_WIDTH / width, LEGIBLE_HEIGHT / height))),
  );
}
