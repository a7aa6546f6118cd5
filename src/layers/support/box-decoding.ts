/** @file From a detector's offsets to boxes (weiliu89 bbox_util DecodeBBox). */
import type { DetectionOutputParameter } from "../../schema/index.ts";

/** How offsets are meant. */
export interface BoxCode {
  readonly codeType: NonNullable<DetectionOutputParameter["codeType"]>;
  readonly varianceEncodedInTarget: boolean;
}

type Decode = (
  offsets: Float32Array,
  at: number,
  prior: Float32Array,
  p: number,
  variance: (coordinate: number) => number,
  box: Float32Array,
  to: number,
) => void;

/**
 * Writes the boxes of one item: `sets` of them for each prior, one set after the other.
 * @param offsets (N, P, sets, 4)
 * @param priors (2, P, 4): corners, then variances
 * @param skipped a set that nobody reads
 * @returns false if a prior has no area although the code needs one
 */
export function decodeBoxes(
  { codeType, varianceEncodedInTarget }: BoxCode,
  offsets: Float32Array,
  priors: Float32Array,
  item: number,
  boxes: Float32Array,
  sets: number,
  skipped: number | undefined,
): boolean {
  const half = priors.length / 2;
  const decode = DECODERS[codeType];
  const start = item * half * sets;
  let p = 0;
  const variance = (i: number) => (varianceEncodedInTarget ? 1 : priors[half + p + i]!);
  for (; p < half; p += 4) {
    if (codeType !== "CORNER" && !hasArea(priors, p)) return false;
    for (let set = 0; set < sets; set++) {
      if (set === skipped) continue;
      decode(offsets, start + p * sets + 4 * set, priors, p, variance, boxes, set * half + p);
    }
  }
  return true;
}

function hasArea(priors: Float32Array, p: number): boolean {
  return priors[p + 2]! > priors[p]! && priors[p + 3]! > priors[p + 1]!;
}

const DECODERS: Readonly<Record<BoxCode["codeType"], Decode>> = {
  CORNER(offsets, at, prior, p, variance, box, to) {
    for (let i = 0; i < 4; i++) box[to + i] = prior[p + i]! + variance(i) * offsets[at + i]!;
  },
  CORNER_SIZE(offsets, at, prior, p, variance, box, to) {
    const sides = [prior[p + 2]! - prior[p]!, prior[p + 3]! - prior[p + 1]!];
    for (let i = 0; i < 4; i++) {
      box[to + i] = prior[p + i]! + variance(i) * offsets[at + i]! * sides[i % 2]!;
    }
  },
  CENTER_SIZE(offsets, at, prior, p, variance, box, to) {
    for (let axis = 0; axis < 2; axis++) {
      const [low, high] = [prior[p + axis]!, prior[p + 2 + axis]!];
      const side = high - low;
      const middle = (low + high) / 2 + variance(axis) * offsets[at + axis]! * side;
      const half = (Math.exp(variance(2 + axis) * offsets[at + 2 + axis]!) * side) / 2;
      box[to + axis] = middle - half;
      box[to + 2 + axis] = middle + half;
    }
  },
};
