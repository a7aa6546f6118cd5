/**
 * @file Polygons painted as OpenCV's `fillPoly` paints them (8-connected outline, shift 0), pixel for pixel.
 *
 * DIGITS made its labels with that function, so a mask that differs in its border pixels is a different dataset.
 * Two rules make the result: every edge is first drawn as a line, and the inside is filled between pairs of edge
 * crossings on each row (even-odd), in 16.16 fixed point.
 */

/** A mask of one byte a pixel, row by row. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An edge that crosses rows y0 (included) to y1 (excluded); x is its position on row y0. */
interface Edge {
  readonly y0: number;
  readonly y1: number;
  readonly x: number;
  /** Change of x from row to row. */
  readonly slope: number;
}

/** 1 in 16.16 fixed point; the products below stay far under 2^53. */
const ONE = 65536;

/**
 * Paints the closed polygon through `points` with `value`: outline and inside, clipped to the mask.
 *
 * @param points integer coordinates, absolute values up to 2^24
 */
export function fillPoly(mask: Mask, points: readonly Point[], value: number): void {
  const edges: Edge[] = [];
  let from = points.at(-1);
  if (!from) return;
  for (const to of points) {
    drawLine(mask, from, to, value);
    if (from.y !== to.y) edges.push(edgeBetween(from, to));
    from = to;
  }
  fillBetween(mask, edges, value);
}

/** The slope is cut to a whole number of 65536ths, as OpenCV's integer division does. */
function edgeBetween(from: Point, to: Point): Edge {
  const slope = Math.trunc(((to.x - from.x) * ONE) / (to.y - from.y));
  const [top, bottom] = from.y < to.y ? [from, to] : [to, from];
  return { y0: top.y, y1: bottom.y, x: top.x * ONE, slope };
}

function fillBetween(mask: Mask, edges: readonly Edge[], value: number): void {
  const { width, height, data } = mask;
  const first = edges.reduce((least, { y0 }) => Math.min(least, y0), height);
  const end = edges.reduce((most, { y1 }) => Math.max(most, y1), 0);
  for (let y = Math.max(0, first); y < Math.min(height, end); y++) {
    const crossings = edges
      .filter(({ y0, y1 }) => y0 <= y && y < y1)
      .map(({ x, y0, slope }) => x + (y - y0) * slope)
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const left = Math.max(0, Math.ceil(crossings[i]! / ONE));
      const right = Math.min(width - 1, Math.floor(crossings[i + 1]! / ONE));
      if (left <= right) data.fill(value, y * width + left, y * width + right + 1);
    }
  }
}

/** An 8-connected line from the left end to the right one, the order in which OpenCV draws it. */
function drawLine(mask: Mask, from: Point, to: Point, value: number): void {
  let [a, b] = [from, to];
  if (!contains(mask, a) || !contains(mask, b)) {
    const visible = clipLine(mask, a, b);
    if (!visible) return;
    [a, b] = visible;
  }
  if (b.x < a.x) [a, b] = [b, a];
  const { width, data } = mask;
  const down = b.y < a.y ? -width : width;
  const dx = b.x - a.x;
  const dy = Math.abs(b.y - a.y);
  const steep = dy > dx;
  const [long, short] = steep ? [dy, dx] : [dx, dy];
  const [along, across] = steep ? [down, 1] : [1, down];
  let error = long - 2 * short;
  for (let i = 0, at = a.y * width + a.x; i <= long; i++) {
    data[at] = value;
    at += along;
    if (error < 0) {
      at += across;
      error += 2 * long;
    }
    error -= 2 * short;
  }
}

/**
 * The part of a line within the mask, as OpenCV cuts it: first at top and bottom, then at the sides, with coordinates
 * cut to integers on the way. Undefined when the line misses the mask.
 */
function clipLine(mask: Mask, from: Point, to: Point): [Point, Point] | undefined {
  const right = mask.width - 1;
  const bottom = mask.height - 1;
  let { x: x1, y: y1 } = from;
  let { x: x2, y: y2 } = to;
  const sideOf = (x: number) => (x < 0 ? 1 : x > right ? 2 : 0);
  const endOf = (y: number) => (y < 0 ? 4 : y > bottom ? 8 : 0);
  let c1 = sideOf(x1) | endOf(y1);
  let c2 = sideOf(x2) | endOf(y2);
  const crosses = () => (c1 & c2) === 0 && (c1 | c2) !== 0;
  if (crosses()) {
    if (c1 & 12) {
      const y = c1 & 8 ? bottom : 0;
      x1 += Math.trunc(((y - y1) * (x2 - x1)) / (y2 - y1));
      y1 = y;
      c1 = sideOf(x1);
    }
    if (c2 & 12) {
      const y = c2 & 8 ? bottom : 0;
      x2 += Math.trunc(((y - y2) * (x2 - x1)) / (y2 - y1));
      y2 = y;
      c2 = sideOf(x2);
    }
    if (crosses()) {
      if (c1) {
        const x = c1 === 1 ? 0 : right;
        y1 += Math.trunc(((x - x1) * (y2 - y1)) / (x2 - x1));
        x1 = x;
        c1 = 0;
      }
      if (c2) {
        const x = c2 === 1 ? 0 : right;
        y2 += Math.trunc(((x - x2) * (y2 - y1)) / (x2 - x1));
        x2 = x;
        c2 = 0;
      }
    }
  }
  if ((c1 | c2) !== 0) return undefined;
  return [
    { x: x1, y: y1 },
    { x: x2, y: y2 },
  ];
}

function contains({ width, height }: Mask, { x, y }: Point): boolean {
  return x >= 0 && x < width && y >= 0 && y < height;
}
