/** @file ContrastiveLoss: alike items near, unlike ones at a margin. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { lossLayer, reshapeLoss } from "./support/loss.ts";

/** Keeps the gradient finite where two unlike items coincide (BVLC ContrastiveLossLayer). */
const TINY = 1e-4;

/**
 * The loss of pairs with distance d = |a - b|, which are alike (y != 0) or not.
 *
 *     alike    loss = d^2                          da = (a - b) loss_weight / N
 *     unlike   loss = max(margin - d, 0)^2         da = -(margin - d) (a - b) / d loss_weight / N
 *     with legacy_version, unlike: max(margin - d^2, 0),  da = -(a - b) loss_weight / N
 *
 * The sum is divided by 2 N; db = -da.
 *
 * - Bottoms: a (N, C); b (N, C); y (N). Top: the loss, a scalar.
 */
export const contrastiveLoss: LayerDefinition = {
  type: "ContrastiveLoss",
  ...lossLayer,
  bottoms: exactly(3),
  allowForceBackward: (bottom) => bottom !== 2,
  setUp(context) {
    const { margin, legacyVersion } = withDefaults(
      "ContrastiveLossParameter",
      context.param.contrastiveLossParam,
    );
    let squares = new Float64Array(0);
    /** What (a - b) is multiplied by in the gradient, but for weight and batch size. */
    const slope = (alike: boolean, square: number) => {
      if (alike) return 1;
      const room = margin - (legacyVersion ? square : Math.sqrt(square));
      if (room <= 0) return 0;
      return legacyVersion ? -1 : -room / (Math.sqrt(square) + TINY);
    };
    return {
      blobs: [],
      reshape(bottoms, tops) {
        reshapeLoss(context, bottoms, tops);
        checkPairs(context, bottoms);
        squares = new Float64Array(bottoms[0]!.shape[0]!);
      },
      forward([a, b, y], [top]) {
        const width = a!.count / squares.length;
        let sum = 0;
        for (let n = 0; n < squares.length; n++) {
          const square = squaredDistance(a!.data, b!.data, n * width, width);
          squares[n] = square;
          if (Math.trunc(y!.data[n]!) !== 0) sum += square;
          else if (legacyVersion) sum += Math.max(margin - square, 0);
          else sum += Math.max(margin - Math.sqrt(square), 0) ** 2;
        }
        top!.data[0] = sum / squares.length / 2;
      },
      backward([top], propagateDown, [a, b, y]) {
        const width = a!.count / squares.length;
        for (let k = 0; k < 2; k++) {
          if (!propagateDown[k]) continue;
          const weight = ((k === 0 ? 1 : -1) * top!.diff[0]!) / squares.length;
          const dx = (k === 0 ? a! : b!).diff;
          for (let n = 0; n < squares.length; n++) {
            const factor = weight * slope(Math.trunc(y!.data[n]!) !== 0, squares[n]!);
            for (let i = n * width; i < (n + 1) * width; i++) {
              dx[i] = factor * (a!.data[i]! - b!.data[i]!);
            }
          }
        }
      },
    };
  },
};

/** Pairs of vectors and a number for each, all of which may have trailing axes of size 1. */
function checkPairs({ fail }: LayerContext, [a, b, y]: readonly Blob[]): void {
  const isVector = ({ shape }: Blob) => count(shape, 2) === 1;
  const fits = isVector(a!) && isVector(b!) && a!.count === b!.count && y!.count === a!.shape[0];
  if (fits) return;
  fail(
    "the first two bottoms must be pairs of vectors (N, C), the third one number for each pair; " +
      `they are ${[a!, b!, y!].map(({ shape }) => shapeString(shape)).join(", ")}`,
    "bottom",
  );
}

function squaredDistance(a: Float32Array, b: Float32Array, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
