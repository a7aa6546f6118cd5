/** @file Signed distances to the outline of a mask, in pixels. */

const FAR = 1e12;

/**
 * Distance of each pixel's centre to the outline of a mask: positive inside, negative outside,
 * where the outline runs halfway between an inner pixel and its outer neighbour. With nothing
 * inside all distances are very negative, with nothing outside very positive.
 * @param mask non-zero inside; rows of `width` pixels
 */
export function signedDistance(mask: Uint8Array, width: number, height: number): Float32Array {
  const toOutside = squaredDistance(mask, width, height, (value) => value === 0);
  const toInside = squaredDistance(mask, width, height, (value) => value !== 0);
  return Float32Array.from(mask, (value, i) =>
    value === 0 ? 0.5 - Math.sqrt(toInside[i]!) : Math.sqrt(toOutside[i]!) - 0.5,
  );
}

/**
 * Distance of each pixel's centre to the nearest non-zero pixel's, in mm.
 * @param targets some pixel must be non-zero
 */
export function distanceTo(
  targets: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  spacing: { readonly rowMm: number; readonly columnMm: number },
): Float64Array {
  const squares = squaredDistance(targets, width, height, (value) => value !== 0, {
    row: spacing.rowMm ** 2,
    column: spacing.columnMm ** 2,
  });
  return squares.map(Math.sqrt);
}

/** Squared distance to the nearest pixel that is a target; by columns, then by rows (Felzenszwalb and Huttenlocher 2012). */
function squaredDistance(
  mask: Uint8Array,
  width: number,
  height: number,
  isTarget: (value: number) => boolean,
  square = { row: 1, column: 1 },
): Float64Array {
  const squares = Float64Array.from(mask, (value) => (isTarget(value) ? 0 : FAR));
  const scratch = new LowerEnvelope(Math.max(width, height));
  for (let x = 0; x < width; x++) scratch.run(squares, x, width, height);
  // Each direction is measured in its own pixels.
  scale(squares, square.row / square.column);
  for (let y = 0; y < height; y++) scratch.run(squares, y * width, 1, width);
  scale(squares, square.column);
  return squares;
}

function scale(squares: Float64Array, factor: number): void {
  if (factor === 1) return;
  for (let i = 0; i < squares.length; i++) squares[i]! *= factor;
}

/** The minimum over parabolas (x - q)^2 + f(q) along one line of pixels. */
class LowerEnvelope {
  readonly #values: Float64Array;
  readonly #roots: Int32Array;
  readonly #starts: Float64Array;

  constructor(longest: number) {
    this.#values = new Float64Array(longest);
    this.#roots = new Int32Array(longest);
    this.#starts = new Float64Array(longest + 1);
  }

  /** Replaces the `count` values from `offset` on, `stride` apart. */
  run(line: Float64Array, offset: number, stride: number, count: number): void {
    const [f, roots, starts] = [this.#values, this.#roots, this.#starts];
    for (let q = 0; q < count; q++) f[q] = line[offset + q * stride]!;
    let last = 0;
    roots[0] = 0;
    starts[0] = Number.NEGATIVE_INFINITY;
    for (let q = 1; q < count; q++) {
      let start = crossing(f, roots[last]!, q);
      while (start <= starts[last]!) start = crossing(f, roots[--last]!, q);
      roots[++last] = q;
      starts[last] = start;
    }
    starts[last + 1] = Number.POSITIVE_INFINITY;
    for (let x = 0, k = 0; x < count; x++) {
      while (starts[k + 1]! < x) k++;
      const q = roots[k]!;
      line[offset + x * stride] = Math.min(FAR, (x - q) ** 2 + f[q]!);
    }
  }
}

/** Where the parabola at `q` comes below the one at `p`, p < q. */
function crossing(f: Float64Array, p: number, q: number): number {
  return (f[q]! + q * q - f[p]! - p * p) / (2 * (q - p));
}
