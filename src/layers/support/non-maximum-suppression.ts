/** @file Of boxes that overlap, only the best is kept (weiliu89 bbox_util ApplyNMSFast). */

interface SuppressionSetting {
  /** The overlap from which on a box goes. */
  readonly threshold: number;
  /** What the threshold is multiplied with for each box that is kept, while it is above a half. */
  readonly eta: number;
  /** Only so many of the best are looked at; negative: all. */
  readonly topK: number;
}

/** Where the scores (every `step` values) and the boxes (every 4) of one class start. */
interface Place {
  readonly scores: number;
  readonly step: number;
  readonly boxes: number;
}

export class Suppression {
  readonly #setting: SuppressionSetting;
  #candidates = new Int32Array(0);

  constructor(setting: SuppressionSetting) {
    this.#setting = setting;
  }

  /** Indices of the boxes that are kept, best first; of equal scores the earlier one. */
  best(
    scores: Float32Array,
    boxes: Float32Array,
    at: Place,
    count: number,
    minScore: number,
  ): Int32Array {
    const { eta, topK } = this.#setting;
    const sorted = this.#sorted(scores, at, count, minScore);
    const looked = topK >= 0 && topK < sorted.length ? sorted.subarray(0, topK) : sorted;
    let { threshold } = this.#setting;
    let kept = 0;
    for (const index of looked) {
      const box = at.boxes + 4 * index;
      let isApart = true;
      for (let k = 0; k < kept && isApart; k++) {
        isApart = overlap(boxes, box, at.boxes + 4 * looked[k]!) <= threshold;
      }
      if (!isApart) continue;
      looked[kept++] = index;
      if (eta < 1 && threshold > 0.5) threshold *= eta;
    }
    return looked.subarray(0, kept);
  }

  #sorted(scores: Float32Array, { scores: first, step }: Place, count: number, minScore: number) {
    if (this.#candidates.length < count) this.#candidates = new Int32Array(count);
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (scores[first + i * step]! > minScore) this.#candidates[found++] = i;
    }
    return this.#candidates
      .subarray(0, found)
      .sort((a, b) => scores[first + b * step]! - scores[first + a * step]! || a - b);
  }
}

/** Intersection over union of two boxes: xmin, ymin, xmax, ymax. */
function overlap(boxes: Float32Array, a: number, b: number): number {
  const width = Math.min(boxes[a + 2]!, boxes[b + 2]!) - Math.max(boxes[a]!, boxes[b]!);
  const height = Math.min(boxes[a + 3]!, boxes[b + 3]!) - Math.max(boxes[a + 1]!, boxes[b + 1]!);
  if (!(width > 0 && height > 0)) return 0;
  const both = width * height;
  return both / (area(boxes, a) + area(boxes, b) - both);
}

function area(boxes: Float32Array, a: number): number {
  const [width, height] = [boxes[a + 2]! - boxes[a]!, boxes[a + 3]! - boxes[a + 1]!];
  return width < 0 || height < 0 ? 0 : width * height;
}
