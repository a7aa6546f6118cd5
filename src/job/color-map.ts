/** @file Colours for numbers; runs in browsers, too. */
import type { Color } from "./palette.ts";

/** Colours from the lowest to the highest of 0 to 1, between which is interpolated. */
type Stops = readonly Color[];

/** Dark violet over green to yellow: equal steps look equal, also in gray. */
const steps: Stops = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** Blue below, white in the middle, red above. */
const twoSided: Stops = [
  [33, 102, 172],
  [146, 197, 222],
  [247, 247, 247],
  [244, 165, 130],
  [178, 24, 43],
];

/** The rainbow of MATLAB and DIGITS. */
const jet: Stops = [
  [0, 0, 128],
  [0, 0, 255],
  [0, 128, 255],
  [0, 255, 255],
  [128, 255, 128],
  [255, 255, 0],
  [255, 128, 0],
  [255, 0, 0],
  [128, 0, 0],
];

const gray: Stops = [
  [0, 0, 0],
  [255, 255, 255],
];

const colorMaps = { gray, steps, twoSided, jet } as const satisfies Record<string, Stops>;

export type ColorMapName = keyof typeof colorMaps;

/** `count` colours of a map, from its beginning to its end. */
export function colorMap(name: ColorMapName, count = 256): Color[] {
  const stops = colorMaps[name];
  return Array.from({ length: count }, (_, i): Color => {
    const place = (i / Math.max(1, count - 1)) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(place));
    const [from, to] = [stops[first]!, stops[first + 1]!];
    const mix = (c: 0 | 1 | 2) => Math.round(from[c] + (to[c] - from[c]) * (place - first));
    return [mix(0), mix(1), mix(2)];
  });
}
