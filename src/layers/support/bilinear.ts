/** @file Bilinear interpolation of planes, with the corners on the corners. */

/** For each place along an axis of the target its two neighbours in the source, and their weights. */
interface Neighbours {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Float32Array;
  readonly secondWeight: Float32Array;
}

export interface Bilinear {
  readonly planes: number;
  /** Values of a plane of the source. */
  readonly sourceArea: number;
  readonly rows: Neighbours;
  readonly columns: Neighbours;
}

const { fround } = Math;

/**
 * Neighbours along one axis, in float32 as DeepLab's util/interp.cpp has them.
 * @param start the first place of the source that counts
 * @param stride values from one place of the source to the next
 */
export function bilinear(from: number, to: number, start: number, stride: number): Neighbours {
  const ratio = to > 1 ? fround((from - 1) / (to - 1)) : 0;
  const [first, second] = [new Int32Array(to), new Int32Array(to)];
  const [firstWeight, secondWeight] = [new Float32Array(to), new Float32Array(to)];
  for (let i = 0; i < to; i++) {
    const place = fround(ratio * i);
    const low = Math.trunc(place);
    first[i] = (start + low) * stride;
    second[i] = (start + Math.min(low + 1, from - 1)) * stride;
    secondWeight[i] = fround(place - low);
    firstWeight[i] = 1 - secondWeight[i]!;
  }
  return { first, second, firstWeight, secondWeight };
}

/** y = x between its neighbours. */
export function interpolate(
  { planes, sourceArea, rows, columns }: Bilinear,
  x: Float32Array,
  y: Float32Array,
): void {
  const { first, second, firstWeight, secondWeight } = columns;
  for (let plane = 0, at = 0; plane < planes; plane++) {
    for (let i = 0; i < rows.first.length; i++) {
      const above = plane * sourceArea + rows.first[i]!;
      const below = plane * sourceArea + rows.second[i]!;
      const [a, b] = [rows.firstWeight[i]!, rows.secondWeight[i]!];
      for (let j = 0; j < first.length; j++, at++) {
        const [left, right, p, q] = [first[j]!, second[j]!, firstWeight[j]!, secondWeight[j]!];
        y[at] =
          a * (p * x[above + left]! + q * x[above + right]!) +
          b * (p * x[below + left]! + q * x[below + right]!);
      }
    }
  }
}

/** dx += the transpose of `interpolate` times dy. */
export function interpolateGradient(
  { planes, sourceArea, rows, columns }: Bilinear,
  dy: Float32Array,
  dx: Float32Array,
): void {
  const { first, second, firstWeight, secondWeight } = columns;
  for (let plane = 0, at = 0; plane < planes; plane++) {
    for (let i = 0; i < rows.first.length; i++) {
      const above = plane * sourceArea + rows.first[i]!;
      const below = plane * sourceArea + rows.second[i]!;
      const [a, b] = [rows.firstWeight[i]!, rows.secondWeight[i]!];
      for (let j = 0; j < first.length; j++, at++) {
        const [left, right, p, q] = [first[j]!, second[j]!, firstWeight[j]!, secondWeight[j]!];
        const value = dy[at]!;
        dx[above + left]! += a * p * value;
        dx[above + right]! += a * q * value;
        dx[below + left]! += b * p * value;
        dx[below + right]! += b * q * value;
      }
    }
  }
}
