/** @file LSTM: a long short-term memory over sequences. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import type { Layer, LayerDefinition } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { stepBackward, stepForward } from "./support/lstm-cell.ts";
import {
  checkRecurrentArity,
  cutAtStarts,
  drawForLaterSteps,
  inputTransform,
  logRecurrent,
  recurrentBlobs,
  recurrentSize,
  restoreStates,
} from "./support/recurrent.ts";

const STATES = 2;

/**
 * Runs sequences through a long short-term memory of `num_output` cells.
 *
 *     gates_t = W x_t + b + W_s x_s + U (cont_t h_(t-1)),  split into i, f, o, g
 *     c_t = cont_t f c_(t-1) + i g,  h_t = o tanh(c_t)
 *
 * h and c go on from one forward pass to the next; with `expose_hidden` the caller brings and takes
 * them. They carry no gradient in either case (BVLC RecurrentLayer shares the values alone).
 *
 * - Bottoms: x (T, N, ...); cont (T, N), 0 where a sequence starts, without gradient; x_s (N, ...)
 *   if wanted; with expose_hidden h_0 and c_0 (1, N, H).
 * - Tops: h (T, N, H); with expose_hidden h_T and c_T (1, N, H).
 * - Blobs: W (4 H, D), b (4 H), W_s (4 H, D_s) if there is x_s, U (4 H, H).
 */
export const lstm: LayerDefinition = {
  type: "LSTM",
  bottoms: { min: 2, max: 5 },
  tops: { min: 1, max: 3 },
  allowForceBackward: (bottom) => bottom !== 1,
  setUp(context): Layer {
    const { engine, createBlob, fail } = context;
    const param = withDefaults("RecurrentParameter", context.param.recurrentParam);
    const { numOutput: cells, exposeHidden: exposed } = param;
    if (cells < 1) fail("num_output must be positive", "recurrentParam");
    const form = { states: STATES, exposed };
    checkRecurrentArity(context, form);
    logRecurrent(context);
    const input = inputTransform(context, recurrentBlobs(context.bottoms, form), 4 * cells);
    const recurrent = createBlob([4 * cells, cells]);
    fill(recurrent, param.weightFiller, context.random);
    drawForLaterSteps(context, [[recurrent, param.weightFiller]]);
    /** (T, N, 4 H), (T, N, H) twice: squashed gates, cells, and h_(t-1) where the sequence goes on. */
    const [gates, c, before] = [createBlob([0]), createBlob([0]), createBlob([0])];
    /** (N, H): h and c before the first step and after the last; diffs of the starts are carried. */
    const starts: readonly [Blob, Blob] = [createBlob([0]), createBlob([0])];
    const ends: readonly [Blob, Blob] = [createBlob([0]), createBlob([0])];
    let steps = 0;
    let items = 0;
    return {
      blobs: [...input.blobs, recurrent],
      reshape(bottoms, tops) {
        ({ steps, items } = recurrentSize(context, recurrentBlobs(bottoms, form), cells));
        gates.reshape(steps, items, 4 * cells);
        for (const blob of [c, before, tops[0]!]) blob.reshape(steps, items, cells);
        // Streams that stay keep their state when N changes, as in Caffe.
        for (const blob of [...starts, ...ends]) blob.reshape(items, cells);
        for (const top of tops.slice(1)) top.reshape(1, items, cells);
      },
      forward(bottoms, tops) {
        const from = recurrentBlobs(bottoms, form);
        const n = items * cells;
        for (let s = 0; s < STATES; s++) {
          engine.copy(n, (exposed ? from.starts : ends)[s]!.dataPointer, starts[s]!.dataPointer);
        }
        input.forward(from, gates);
        const size = { items, cells };
        const h = tops[0]!;
        for (let t = 0; t < steps; t++) {
          const source = t === 0 ? starts[0].data : h.data;
          const at = t * n;
          cutAtStarts(
            from.cont.data,
            t,
            source,
            Math.max(0, at - n),
            before.data,
            at,
            items,
            cells,
          );
          const hidden = before.dataPointer + 4 * at;
          const pointer = gates.dataPointer + 16 * at;
          const u = recurrent.dataPointer;
          engine.gemm(false, true, items, 4 * cells, cells, 1, hidden, u, 1, pointer);
          const { data } = gates;
          stepForward(t, size, data, from.cont.data, starts[1].data, data, c.data, h.data);
        }
        const last = 4 * n * (steps - 1);
        engine.copy(n, h.dataPointer + last, ends[0].dataPointer);
        engine.copy(n, c.dataPointer + last, ends[1].dataPointer);
        for (let s = 0; s + 1 < tops.length; s++) {
          engine.copy(n, ends[s]!.dataPointer, tops[s + 1]!.dataPointer);
        }
      },
      backward(tops, propagateDown, bottoms) {
        if (propagateDown[1]) fail("Cannot backpropagate to sequence indicators.", "bottom");
        const from = recurrentBlobs(bottoms, form);
        const n = items * cells;
        for (const start of starts) engine.fill(n, 0, start.diffPointer);
        const size = { items, cells };
        const [dh, dc] = [starts[0].diff, starts[1].diff];
        const carried = starts[0].diffPointer;
        for (let t = steps - 1; t >= 0; t--) {
          engine.add(n, carried, tops[0]!.diffPointer + 4 * t * n, carried);
          stepBackward(t, size, gates.data, starts[1].data, c.data, dh, dc, gates.diff);
          const pointer = gates.diffPointer + 16 * t * n;
          const u = recurrent.dataPointer;
          engine.gemm(false, false, items, cells, 4 * cells, 1, pointer, u, 0, carried);
          cutAtStarts(from.cont.data, t, dh, 0, dh, 0, items, cells);
        }
        const wanted = this.paramPropagateDown;
        input.backward(from, gates, propagateDown, wanted);
        if (wanted?.[input.blobs.length]) {
          const [dy, h, du] = [gates.diffPointer, before.dataPointer, recurrent.diffPointer];
          engine.gemm(true, false, 4 * cells, cells, steps * items, 1, dy, h, 1, du);
        }
      },
      saveState: () => ends.map(({ data }) => [...data]),
      restoreState: (state) => restoreStates(ends, state),
      dispose() {
        input.dispose();
        for (const blob of [gates, c, before, ...starts, ...ends]) blob.dispose();
      },
    };
  },
};
