/** @file Colours of classes. */

export type Color = readonly [red: number, green: number, blue: number];

/** Background black, the one class white: how a two-class label map is looked at. */
const binaryPalette: readonly Color[] = [
  [0, 0, 0],
  [255, 255, 255],
];

/**
 * Well separated colours for `count` classes, class 0 black, as the PASCAL VOC label maps have
 * them: the bits of the class number are dealt out to red, green and blue, highest bit first.
 */
export function classPalette(count: number): readonly Color[] {
  if (count === 2) return binaryPalette;
  return Array.from({ length: count }, (_, index): Color => {
    const color: [number, number, number] = [0, 0, 0];
    for (let bits = index, place = 7; bits > 0; bits >>= 3, place--) {
      for (let channel = 0; channel < 3; channel++) {
        color[channel]! |= ((bits >> channel) & 1) << place;
      }
    }
    return color;
  });
}
