/** @file The sliders of the overlay: defaults of DIGITS, kept in the browser, and what they mean to the drawing. */
import { colorMap } from "../../../job/color-map.ts";
import type { OverlaySliders } from "../../../job/overlay.ts";
import { type Color, classPalette } from "../../../job/palette.ts";

export interface OverlaySettings {
  readonly opacity: number;
  readonly maskOpacity: number;
  readonly lineWidth: number;
  readonly threshold: number;
  readonly gamma: number;
  readonly imageColors: "gray" | "jet";
  readonly classColors: "plain" | "dataset" | "distinct";
  readonly showsLabel: boolean;
}

export const overlayDefaults: OverlaySettings = {
  ...{ opacity: 0.3, maskOpacity: 0, lineWidth: 3, threshold: 0, gamma: 1 },
  ...{ imageColors: "gray", classColors: "plain", showsLabel: true },
};

export const overlaySliders = [
  { key: "opacity", label: "Opacity", min: 0, max: 1, step: 0.01 },
  { key: "maskOpacity", label: "Mask", min: 0, max: 1, step: 0.01 },
  { key: "threshold", label: "Threshold", min: -20, max: 20, step: 0.5 },
  { key: "lineWidth", label: "Line width", min: 0, max: 6, step: 0.5 },
  { key: "gamma", label: "Gamma", min: 0.1, max: 1, step: 0.01 },
] as const;

export const imageColorChoices = [
  ["gray", "Gray"],
  ["jet", "Colour map"],
] as const;

export const classColorChoices = [
  ["plain", "Standard"],
  ["dataset", "From dataset"],
  ["distinct", "Distinct"],
] as const;

const KEY = "cortado.overlay";

/** What was set last time; what is missing or makes no sense has its default. */
export function readSettings(storage: { getItem(key: string): string | null }): OverlaySettings {
  let kept: unknown;
  try {
    kept = JSON.parse(storage.getItem(KEY) ?? "{}");
  } catch {
    kept = {};
  }
  const given: Record<string, unknown> =
    typeof kept === "object" && kept !== null ? { ...kept } : {};
  const numbers = overlaySliders.map(({ key, min, max }) => {
    const value = given[key];
    const isFitting = typeof value === "number" && value >= min && value <= max;
    return [key, isFitting ? value : overlayDefaults[key]];
  });
  const choice = <Value extends string>(
    key: string,
    choices: readonly (readonly [Value, string])[],
    otherwise: Value,
  ) => choices.find(([value]) => value === given[key])?.[0] ?? otherwise;
  return {
    ...overlayDefaults,
    ...Object.fromEntries(numbers),
    imageColors: choice("imageColors", imageColorChoices, overlayDefaults.imageColors),
    classColors: choice("classColors", classColorChoices, overlayDefaults.classColors),
    showsLabel: given.showsLabel !== false,
  };
}

export function keepSettings(
  settings: OverlaySettings,
  storage: { setItem(key: string, value: string): void },
): void {
  try {
    storage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing still moves the sliders.
  }
}

/** Colours that are told apart on gray, also by most people who see no red or green. */
const DISTINCT: readonly Color[] = [
  [0, 0, 0],
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [204, 121, 167],
  [213, 94, 0],
  [0, 114, 178],
];

/** Colours of the classes; a choice that has too few takes PASCAL VOC's for the rest. */
export function paletteOf(
  { classColors }: Pick<OverlaySettings, "classColors">,
  classCount: number,
  ofDataset: readonly Color[],
): readonly Color[] {
  const rest = classPalette(Math.max(2, classCount));
  if (classColors === "plain") return rest;
  const chosen = classColors === "dataset" ? ofDataset : DISTINCT;
  return rest.map((color, index) => chosen[index] ?? color);
}

/** What the drawing needs to know. */
export function slidersOf(
  settings: OverlaySettings,
  classCount: number,
  ofDataset: readonly Color[],
): OverlaySliders {
  const { imageColors, classColors: _, ...sliders } = settings;
  return {
    ...sliders,
    ...(imageColors === "jet" ? { imageColors: colorMap("jet") } : {}),
    palette: paletteOf(settings, classCount, ofDataset),
  };
}
