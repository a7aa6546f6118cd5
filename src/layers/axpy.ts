/** @file Axpy: a blob scaled channel by channel, plus another one. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count, sameShape, shapeString } from "../core/shape.ts";

/**
 * Scales each channel of x by a number of its own and adds y: a residual block of SENet in one layer.
 *
 *     z[n, c, i] = a[n, c] x[n, c, i] + y[n, c, i]
 *     da[n, c] = sum over i of dz x,  dx = a dz,  dy = dz
 *
 * From SENet (hujie-frank).
 *
 * - Bottoms: a (N, C) or (N, C, 1, ...); x (N, C, ...); y, of x's shape. Top: z, of x's shape; may
 *   be y.
 */
export const axpy: LayerDefinition = {
  type: "Axpy",
  bottoms: exactly(3),
  tops: exactly(1),
  setUp(context) {
    const { engine, bottoms, tops, fail } = context;
    if (tops[0] === bottoms[0] || tops[0] === bottoms[1]) {
      fail("the top may only be in place of the third bottom", "top");
    }
    let channels = 0;
    let width = 0;
    return {
      blobs: [],
      reshape(bottoms, [top]) {
        checkShapes(context, bottoms);
        const { shape } = bottoms[1]!;
        channels = count(shape, 0, 2);
        width = count(shape, 2);
        top!.reshapeLike(bottoms[1]!);
      },
      forward([scales, x, y], [top]) {
        const a = scales!.data;
        const to = top!.dataPointer;
        if (top !== y) engine.copy(top!.count, y!.dataPointer, to);
        for (let c = 0; c < channels; c++) {
          const at = 4 * c * width;
          engine.axpby(width, a[c]!, x!.dataPointer + at, 1, to + at);
        }
      },
      backward([top], propagateDown, [scales, x, y]) {
        const dz = top!.diffPointer;
        if (propagateDown[0]) {
          const da = scales!.diff;
          for (let c = 0; c < channels; c++) {
            const at = 4 * c * width;
            da[c] = engine.dot(width, x!.dataPointer + at, dz + at);
          }
        }
        if (propagateDown[1]) {
          const [a, dx, from] = [scales!.data, x!.diff, top!.diff];
          for (let c = 0, i = 0; c < channels; c++) {
            const scale = a[c]!;
            for (const end = i + width; i < end; i++) dx[i] = scale * from[i]!;
          }
        }
        if (propagateDown[2] && top !== y) engine.copy(top!.count, dz, y!.diffPointer);
      },
    };
  },
};

function checkShapes({ fail }: LayerContext, [scales, x, y]: readonly Blob[]): void {
  const [a, b] = [scales!.shape, x!.shape];
  if (b.length < 2) fail(`bottom[1] must be (N, C, ...), not ${shapeString(b)}`, "bottom");
  if (a[0] !== b[0] || a[1] !== b[1] || count(a) !== b[0]! * b[1]!) {
    fail(
      `bottom[0] must be (N, C) or (N, C, 1, 1), a number for each channel of bottom[1]: ` +
        `${b[0]} x ${b[1]}, not ${shapeString(a)}`,
      "bottom",
    );
  }
  if (!sameShape(b, y!.shape)) {
    fail(`bottom[1]: ${shapeString(b)}, bottom[2]: ${shapeString(y!.shape)}; they must be equal`);
  }
}
