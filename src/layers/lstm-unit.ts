/** @file LSTMUnit: one step of a long short-term memory, without weights. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { shapeString } from "../core/shape.ts";
import { stepBackward, stepForward } from "./support/lstm-cell.ts";

/**
 * Updates cells by gates that were computed before.
 *
 *     i, f, o = sigmoid of gates,  g = tanh of gates,  f is multiplied by cont
 *     c = f c' + i g,  h = o tanh(c)
 *
 * - Bottoms: c' (1, N, H); gates (1, N, 4 H), in the order i, f, o, g; cont (1, N), 0 where a
 *   sequence starts, without gradient.
 * - Tops: c (1, N, H); h (1, N, H).
 */
export const lstmUnit: LayerDefinition = {
  type: "LSTMUnit",
  bottoms: exactly(3),
  tops: exactly(2),
  allowForceBackward: (bottom) => bottom !== 2,
  setUp({ createBlob, engine, fail }) {
    /** The squashed gates; their diff is that of the gates. */
    const active = createBlob([0]);
    /** The diff that is carried to c'. */
    const carried = createBlob([0]);
    let size = { items: 0, cells: 0 };
    return {
      blobs: [],
      reshape(bottoms, tops) {
        const [cells, gates, cont] = bottoms.map(({ shape }) => shape);
        const [, items, width] = cells!;
        const fits = cells!.length === 3 && gates![1] === items && gates![2] === 4 * width!;
        if (cells![0] !== 1 || !fits || cont![1] !== items) {
          fail(
            "the bottoms must be (1, N, H), (1, N, 4 H) and (1, N), not " +
              bottoms.map(({ shape }) => shapeString(shape)).join(", "),
            "bottom",
          );
        }
        size = { items: items!, cells: width! };
        active.reshapeLike(bottoms[1]!);
        carried.reshapeLike(bottoms[0]!);
        for (const top of tops) top.reshapeLike(bottoms[0]!);
      },
      forward([cells, gates, cont], [c, h]) {
        const { data: before } = cells!;
        stepForward(0, size, gates!.data, cont!.data, before, active.data, c!.data, h!.data);
      },
      backward([c, h], propagateDown, [cells, gates]) {
        if (propagateDown[2]) fail("Cannot backpropagate to sequence indicators.", "bottom");
        engine.copy(c!.count, c!.diffPointer, carried.dataPointer);
        const { data: before } = cells!;
        stepBackward(0, size, active.data, before, c!.data, h!.diff, carried.data, active.diff);
        if (propagateDown[0]) engine.copy(c!.count, carried.dataPointer, cells!.diffPointer);
        if (propagateDown[1]) engine.copy(active.count, active.diffPointer, gates!.diffPointer);
      },
      dispose() {
        active.dispose();
        carried.dispose();
      },
    };
  },
};
