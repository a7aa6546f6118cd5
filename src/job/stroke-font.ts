/** @file Letters as pen strokes, so that pictures carry text on machines without any font. */

// Strokes are separated by "/", points by blanks. A point is "xy": x from 0 to 4; y from 0 (top of
// capitals) over 2 (top of small letters) and 6 (baseline) to 8.
const glyphs: Readonly<Record<string, string>> = {
  "0": "10 30 41 45 36 16 05 01 10",
  "1": "11 20 26/16 36",
  "2": "01 10 30 41 42 06 46",
  "3": "01 10 30 41 42 33 13/33 44 45 36 16 05",
  "4": "36 30 04 44",
  "5": "40 00 03 12 32 43 45 36 16 05",
  "6": "41 30 10 01 05 16 36 45 44 33 13 04",
  "7": "00 40 16",
  "8": "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",
  "9": "05 16 36 45 41 30 10 01 02 13 33 42",
  a: "12 32 43 46 16 05 14 44",
  b: "00 06 36 45 43 32 02",
  c: "43 32 12 03 05 16 36 45",
  d: "40 46 16 05 03 12 42",
  e: "04 44 43 32 12 03 05 16 36 45",
  f: "30 20 11 16/02 22",
  g: "46 16 05 03 12 42 47 38 18 07",
  h: "00 06/03 12 32 43 46",
  i: "02 06/00 00",
  j: "12 17 08/10 10",
  k: "00 06/42 04/23 46",
  l: "00 06",
  m: "02 06/03 12 23 26/23 32 43 46",
  n: "02 06/03 12 32 43 46",
  o: "12 32 43 45 36 16 05 03 12",
  p: "08 02 32 43 45 36 06",
  q: "48 42 12 03 05 16 46",
  r: "02 06/03 12 22",
  s: "42 12 03 14 34 45 36 06",
  t: "10 15 26/02 22",
  u: "02 05 16 36 45/42 46",
  v: "02 26 42",
  w: "02 16 23 36 42",
  x: "02 46/42 06",
  y: "02 26/42 18",
  z: "02 42 06 46",
  A: "06 20 46/14 34",
  B: "03 00 30 41 42 33 03 06 36 45 44 33",
  C: "41 30 10 01 05 16 36 45",
  D: "00 06 26 44 42 20 00",
  E: "40 00 06 46/03 33",
  F: "40 00 06/03 33",
  G: "41 30 10 01 05 16 36 45 43 23",
  H: "00 06/40 46/03 43",
  I: "00 06",
  J: "40 45 36 16 05",
  K: "00 06/40 03 46",
  L: "00 06 46",
  M: "06 00 23 40 46",
  N: "06 00 46 40",
  O: "10 30 41 45 36 16 05 01 10",
  P: "06 00 30 41 42 33 03",
  Q: "10 30 41 45 36 16 05 01 10/34 46",
  R: "06 00 30 41 42 33 03/23 46",
  S: "41 30 10 01 02 13 33 44 45 36 16 05",
  T: "00 40/20 26",
  U: "00 05 16 36 45 40",
  V: "00 26 40",
  W: "00 16 22 36 40",
  X: "00 46/40 06",
  Y: "00 23 40/23 26",
  Z: "00 40 06 46",
  ".": "06 06",
  ",": "16 07",
  ":": "03 03/06 06",
  "%": "40 06/00 10 11 01 00/35 45 46 36 35",
  "-": "04 24",
  "+": "04 44/22 26",
  "=": "03 43/05 45",
  "(": "20 11 15 26",
  ")": "00 11 15 06",
  "[": "20 00 06 26",
  "]": "00 20 26 06",
  "/": "40 06",
  _: "07 47",
  "#": "10 06/40 36/02 42/04 44",
  "*": "21 25/02 44/42 04",
};
const unknown = "00 40 46 06 00";
const GAP = 1.6;
const BLANK = 3;
/** Units from the top of capitals to the baseline. */
const CAP_HEIGHT = 6;

type Anchor = "start" | "middle" | "end";

/**
 * SVG path data of a line of text.
 * @param x where the text starts, has its middle or ends, by `anchor`
 * @param y the baseline
 * @param size height of capitals; x, y and size in the units of the picture
 */
export function textPath(
  text: string,
  x: number,
  y: number,
  size: number,
  anchor: Anchor = "start",
): string {
  const unit = size / CAP_HEIGHT;
  const shares = { start: 0, middle: 0.5, end: 1 };
  let left = x - textWidth(text, size) * shares[anchor];
  let path = "";
  for (const letter of text) {
    const strokes = strokesOf(letter);
    for (const stroke of strokes) {
      const points = stroke.map(
        ([px, py]) => `${round(left + px * unit)} ${round(y + (py - CAP_HEIGHT) * unit)}`,
      );
      path += `M${points.join("L")}`;
    }
    left += advance(strokes) * unit;
  }
  return path;
}

/** Width of a line of text in the units of `size`. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const letter of text) units += advance(strokesOf(letter));
  return (Math.max(0, units - GAP) * size) / CAP_HEIGHT;
}

type Point = readonly [x: number, y: number];

function strokesOf(letter: string): Point[][] {
  if (letter === " ") return [];
  const strokes = (glyphs[letter] ?? unknown).split("/");
  return strokes.map((stroke) => stroke.split(" ").map(([x, y]): Point => [Number(x), Number(y)]));
}

function advance(strokes: readonly Point[][]): number {
  return strokes.length === 0 ? BLANK : Math.max(...strokes.flat().map(([x]) => x)) + GAP;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
