/** @file What may be asked of the augmentation, and the checks on it. */
import { generalNumber } from "../../core/general-number.ts";
import type { Resolved } from "../../schema/index.ts";

/** An AugmentationParameter with its defaults. */
export type Augmentation = Resolved<"AugmentationParameter">;

/** The fields whose value says how strong a change may be. */
export type Strength =
  | "rotate"
  | "scale"
  | "shift"
  | "elastic"
  | "brightness"
  | "contrast"
  | "gamma"
  | "noise";

/** The largest value of each; beyond it nothing of an image would be left. */
export const largestStrengths: Readonly<Record<Strength, number>> = {
  rotate: 180,
  scale: 1,
  shift: 1,
  elastic: 0.2,
  brightness: 1,
  contrast: 1,
  gamma: 1,
  noise: 1,
};

export const MAX_GRID = 32;

/** Displacements of neighbouring nodes that differ by less than this part of their distance never fold. */
const FOLD_FREE = 0.4;

/** A field that cannot be used, and why. */
export interface AugmentationProblem {
  readonly field: keyof Augmentation;
  readonly problem: string;
}

/** @returns the first value that cannot be used */
export function augmentationProblem(settings: Augmentation): AugmentationProblem | undefined {
  for (const [field, largest] of Object.entries(largestStrengths) as [Strength, number][]) {
    const value = settings[field];
    if (value >= 0 && value <= largest) continue;
    return { field, problem: `must be from 0 to ${largest}, not ${generalNumber(value)}` };
  }
  const { elastic, elasticGrid } = settings;
  if (!Number.isInteger(elasticGrid) || elasticGrid < 2 || elasticGrid > MAX_GRID) {
    const problem = `must be a whole number from 2 to ${MAX_GRID}, not ${generalNumber(elasticGrid)}`;
    return { field: "elasticGrid", problem };
  }
  const largest = Math.fround(FOLD_FREE / elasticGrid);
  if (elastic <= largest) return undefined;
  const limit = Math.floor(largest * 1e4) / 1e4;
  return {
    field: "elastic",
    problem: `must be at most ${limit} with a grid of ${elasticGrid}, not ${generalNumber(elastic)}: more would fold the image over itself`,
  };
}

/** Whether anything is moved; if not, label maps stay as they are. */
export function movesPixels(settings: Augmentation): boolean {
  const { flipX, flipY, rotate, scale, shift, elastic } = settings;
  return flipX || flipY || rotate + scale + shift + elastic > 0;
}

/** Whether gray values are changed. */
export function changesValues({ brightness, contrast, gamma, noise }: Augmentation): boolean {
  return brightness + contrast + gamma + noise > 0;
}
