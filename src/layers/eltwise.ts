/** @file Eltwise: several blobs combined value by value. */
import type { Blob } from "../core/blob.ts";
import {
  type Layer,
  type LayerContext,
  type LayerDefinition,
  atLeast,
  exactly,
} from "../core/layer.ts";
import { sameShape, shapeString } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";

type Operation = Pick<Layer, "forward" | "backward"> & { reshape?(top: Blob): void };

/**
 * Combines blobs of one shape.
 *
 *     SUM   y = sum over k of coeff_k x_k        dx_k = coeff_k dy
 *     PROD  y = product over k of x_k            dx_k = dy * product of the others
 *     MAX   y = max over k of x_k                dx_k = dy where x_k was chosen, else 0
 *
 * - Bottoms: x_k, two or more. Top: y, of the same shape.
 */
export const eltwise: LayerDefinition = {
  type: "Eltwise",
  bottoms: atLeast(2),
  tops: exactly(1),
  setUp(context) {
    const { param, bottoms, fail } = context;
    const { operation, coeff } = withDefaults("EltwiseParameter", param.eltwiseParam);
    if (coeff.length > 0 && coeff.length !== bottoms.length) {
      fail(
        `Eltwise Layer takes one coefficient per bottom blob. Got ${coeff.length} for ` +
          `${bottoms.length} bottoms.`,
        "eltwiseParam.coeff",
      );
    }
    if (operation === "PROD" && coeff.length > 0) {
      fail("Eltwise layer only takes coefficients for summation.", "eltwiseParam.coeff");
    }
    const { forward, backward, reshape } = operations[operation](context);
    return {
      blobs: [],
      reshape(bottoms, [top]) {
        checkShapes(context, bottoms);
        top!.reshapeLike(bottoms[0]!);
        reshape?.(top!);
      },
      forward,
      ...(backward && { backward }),
    };
  },
};

const operations = { SUM: sum, PROD: product, MAX: maximum } satisfies Record<
  "SUM" | "PROD" | "MAX",
  (context: LayerContext) => Operation
>;

function checkShapes({ fail }: LayerContext, bottoms: readonly Blob[]): void {
  const first = bottoms[0]!.shape;
  bottoms.forEach(({ shape }, i) => {
    if (sameShape(shape, first)) return;
    fail(
      `bottom[0]: ${shapeString(first)}, bottom[${i}]: ${shapeString(shape)}; ` +
        "all bottoms need the same shape",
      "bottom",
    );
  });
}

function sum({ param, engine }: LayerContext): Operation {
  const coeff = param.eltwiseParam?.coeff ?? [];
  const plain = coeff.every((c) => c === 1);
  return {
    forward(bottoms, [top]) {
      const n = top!.count;
      const y = top!.dataPointer;
      if (plain) {
        engine.add(n, bottoms[0]!.dataPointer, bottoms[1]!.dataPointer, y);
        for (let k = 2; k < bottoms.length; k++) engine.add(n, y, bottoms[k]!.dataPointer, y);
        return;
      }
      engine.fill(n, 0, y);
      for (let k = 0; k < bottoms.length; k++) {
        engine.axpby(n, coeff[k]!, bottoms[k]!.dataPointer, 1, y);
      }
    },
    backward([top], propagateDown, bottoms) {
      for (let k = 0; k < bottoms.length; k++) {
        if (!propagateDown[k]) continue;
        const dx = bottoms[k]!.diffPointer;
        if (plain) engine.copy(top!.count, top!.diffPointer, dx);
        else scale(coeff[k]!, top!.diff, bottoms[k]!.diff);
      }
    },
  };
}

function scale(factor: number, x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = factor * x[i]!;
}

function product({ param, engine }: LayerContext): Operation {
  const stable = param.eltwiseParam?.stableProdGrad ?? true;
  return {
    forward(bottoms, [top]) {
      const n = top!.count;
      const y = top!.dataPointer;
      engine.mul(n, bottoms[0]!.dataPointer, bottoms[1]!.dataPointer, y);
      for (let k = 2; k < bottoms.length; k++) engine.mul(n, y, bottoms[k]!.dataPointer, y);
    },
    backward([top], propagateDown, bottoms) {
      const n = top!.count;
      for (let k = 0; k < bottoms.length; k++) {
        if (!propagateDown[k]) continue;
        const dx = bottoms[k]!.diffPointer;
        if (!stable) {
          quotient(top!.data, bottoms[k]!.data, bottoms[k]!.diff);
          engine.mul(n, dx, top!.diffPointer, dx);
          continue;
        }
        engine.copy(n, top!.diffPointer, dx);
        for (let j = 0; j < bottoms.length; j++) {
          if (j !== k) engine.mul(n, dx, bottoms[j]!.dataPointer, dx);
        }
      }
    },
  };
}

/** The cheaper product of the others, which is wrong where x is 0. */
function quotient(y: Float32Array, x: Float32Array, result: Float32Array): void {
  for (let i = 0; i < y.length; i++) result[i] = y[i]! / x[i]!;
}

function maximum(): Operation {
  let chosen = new Int32Array(0);
  return {
    reshape({ count }) {
      if (chosen.length < count) chosen = new Int32Array(count);
    },
    forward(bottoms, [top]) {
      const y = top!.data;
      // BVLC: bottom 0 must be greater than bottom 1 to be chosen; later ones greater than the best.
      const a = bottoms[0]!.data;
      const b = bottoms[1]!.data;
      for (let i = 0; i < y.length; i++) {
        const first = a[i]! > b[i]!;
        y[i] = first ? a[i]! : b[i]!;
        chosen[i] = first ? 0 : 1;
      }
      for (let k = 2; k < bottoms.length; k++) {
        const x = bottoms[k]!.data;
        for (let i = 0; i < y.length; i++) {
          if (!(x[i]! > y[i]!)) continue;
          y[i] = x[i]!;
          chosen[i] = k;
        }
      }
    },
    backward([top], propagateDown, bottoms) {
      const dy = top!.diff;
      for (let k = 0; k < bottoms.length; k++) {
        if (!propagateDown[k]) continue;
        const dx = bottoms[k]!.diff;
        for (let i = 0; i < dy.length; i++) dx[i] = chosen[i] === k ? dy[i]! : 0;
      }
    },
  };
}
