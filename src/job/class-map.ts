/** @file Class maps: which class each pixel has, from a net's scores, and how well it agrees with a label. */

import { type PixelSpacing, hausdorff95 } from "./surface-distance.ts";

/** The class of each pixel, rows from the top. */
export interface ClassMap {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
}

/**
 * The class with the highest score at each pixel; of equal scores the lowest class.
 * @param scores (channels, height, width)
 */
export function argmaxMap(
  scores: Float32Array,
  channels: number,
  height: number,
  width: number,
): ClassMap {
  const pixels = height * width;
  const classes = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let best = 0;
    for (let c = 1; c < channels; c++) {
      if (scores[c * pixels + i]! > scores[best * pixels + i]!) best = c;
    }
    classes[i] = best;
  }
  return { width, height, classes };
}

/** Pixels of one class in a prediction and its label. */
export interface ClassScore {
  readonly class: number;
  readonly predicted: number;
  /** Absent where there is no label. */
  readonly labelled?: number;
  /** 2 |A and B| / (|A| + |B|); undefined where both are empty. */
  readonly dice?: number | undefined;
  /** |A and B| / |A or B|; undefined where both are empty. */
  readonly iou?: number | undefined;
  /** Of the outlines, in mm (`hausdorff95`); absent where the size of a pixel is not known, and of class 0. */
  readonly hd95?: number | undefined;
}

/** Label pixels with this value take no part. */
const IGNORED = 255;

/**
 * Counts and agreement of every class that occurs, class 0 included.
 * @param spacing of the pixels, for distances
 */
export function scoreClasses(
  prediction: ClassMap,
  label?: ClassMap,
  spacing?: PixelSpacing,
): ClassScore[] {
  const predicted = new Uint32Array(256);
  const labelled = new Uint32Array(256);
  const common = new Uint32Array(256);
  prediction.classes.forEach((value, i) => {
    const truth = label?.classes[i];
    if (truth === IGNORED) return;
    predicted[value]!++;
    if (truth === undefined) return;
    labelled[truth]!++;
    if (truth === value) common[value]!++;
  });
  const occurring = [...predicted.keys()].filter((c) => predicted[c]! + labelled[c]! > 0);
  return occurring.map((c) => {
    if (!label) return { class: c, predicted: predicted[c]! };
    const sum = predicted[c]! + labelled[c]!;
    const counts = { class: c, predicted: predicted[c]!, labelled: labelled[c]! };
    const agreement = { dice: (2 * common[c]!) / sum, iou: common[c]! / (sum - common[c]!) };
    if (!spacing || c === 0) return { ...counts, ...agreement };
    return { ...counts, ...agreement, hd95: outlineDistance(c, prediction, label, spacing) };
  });
}

function outlineDistance(
  value: number,
  prediction: ClassMap,
  label: ClassMap,
  spacing: PixelSpacing,
): number | undefined {
  const truth = label.classes;
  const found = prediction.classes.map((c, i) => Number(c === value && truth[i] !== IGNORED));
  const wanted = truth.map((c) => Number(c === value));
  return hausdorff95(found, wanted, label, spacing);
}
