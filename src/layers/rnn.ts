/** @file RNN: a simple recurrent network over sequences. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import type { Layer, LayerContext, LayerDefinition } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
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

/**
 * Runs sequences through `num_output` recurrent units and a second layer of as many.
 *
 *     h_t = tanh(W x_t + b + W_s x_s + U (cont_t h_(t-1))),  y_t = tanh(V h_t + b_y)
 *
 * h goes on from one forward pass to the next; with `expose_hidden` the caller brings and takes it.
 * It carries no gradient in either case (BVLC RecurrentLayer shares the values alone).
 *
 * - Bottoms: x (T, N, ...); cont (T, N), 0 where a sequence starts, without gradient; x_s (N, ...)
 *   if wanted; with expose_hidden h_0 (1, N, H).
 * - Tops: y (T, N, H); with expose_hidden h_T (1, N, H).
 * - Blobs: W (H, D), b (H), W_s (H, D_s) if there is x_s, U (H, H), V (H, H), b_y (H).
 */
export const rnn: LayerDefinition = {
  type: "RNN",
  bottoms: { min: 2, max: 4 },
  tops: { min: 1, max: 2 },
  allowForceBackward: (bottom) => bottom !== 1,
  setUp(context): Layer {
    const { engine, createBlob, fail } = context;
    const param = withDefaults("RecurrentParameter", context.param.recurrentParam);
    const { numOutput: units, exposeHidden: exposed } = param;
    if (units < 1) fail("num_output must be positive", "recurrentParam");
    const form = { states: 1, exposed };
    checkRecurrentArity(context, form);
    logRecurrent(context);
    const input = inputTransform(context, recurrentBlobs(context.bottoms, form), units);
    const [recurrent, output, outputBias] = outputBlobs(context, units);
    /** (T, N, H) each: h_t, h_(t-1) where the sequence goes on, and what V h_t + b_y becomes. */
    const [h, before, squashed] = [createBlob([0]), createBlob([0]), createBlob([0])];
    /** (N, H): h before the first step, whose diff is carried, and after the last. */
    const [start, end] = [createBlob([0]), createBlob([0])];
    let steps = 0;
    let items = 0;
    return {
      blobs: [...input.blobs, recurrent, output, outputBias],
      reshape(bottoms, tops) {
        ({ steps, items } = recurrentSize(context, recurrentBlobs(bottoms, form), units));
        for (const blob of [h, before, squashed, tops[0]!]) blob.reshape(steps, items, units);
        // Streams that stay keep their state when N changes, as in Caffe.
        for (const blob of [start, end]) blob.reshape(items, units);
        tops[1]?.reshape(1, items, units);
      },
      forward(bottoms, tops) {
        const from = recurrentBlobs(bottoms, form);
        const n = items * units;
        engine.copy(n, (exposed ? from.starts[0]! : end).dataPointer, start.dataPointer);
        input.forward(from, h);
        for (let t = 0, at = 0; t < steps; t++, at += n) {
          const source = t === 0 ? start.data : h.data;
          cutAtStarts(
            from.cont.data,
            t,
            source,
            Math.max(0, at - n),
            before.data,
            at,
            items,
            units,
          );
          const [a, y] = [before.dataPointer + 4 * at, h.dataPointer + 4 * at];
          engine.gemm(false, true, items, units, units, 1, a, recurrent.dataPointer, 1, y);
          squash(h.data, h.data, at, at + n);
        }
        const [top, last] = tops;
        const y = top!.dataPointer;
        engine.gemm(
          false,
          true,
          steps * items,
          units,
          units,
          1,
          h.dataPointer,
          output.dataPointer,
          0,
          y,
        );
        engine.addBias(steps * items, units, 1, outputBias.dataPointer, y);
        squash(top!.data, squashed.data, 0, steps * n);
        engine.copy(steps * n, squashed.dataPointer, y);
        engine.copy(n, h.dataPointer + 4 * n * (steps - 1), end.dataPointer);
        if (last) engine.copy(n, end.dataPointer, last.dataPointer);
      },
      backward(tops, propagateDown, bottoms) {
        if (propagateDown[1]) fail("Cannot backpropagate to sequence indicators.", "bottom");
        const from = recurrentBlobs(bottoms, form);
        const n = items * units;
        const rows = steps * items;
        const wanted = this.paramPropagateDown;
        const first = input.blobs.length;
        unsquash(squashed.data, tops[0]!.diff, squashed.diff, 0, steps * n);
        const dy = squashed.diffPointer;
        if (wanted?.[first + 1]) {
          engine.gemm(true, false, units, units, rows, 1, dy, h.dataPointer, 1, output.diffPointer);
        }
        if (wanted?.[first + 2]) engine.biasGradient(rows, units, 1, dy, outputBias.diffPointer);
        engine.gemm(false, false, rows, units, units, 1, dy, output.dataPointer, 0, h.diffPointer);
        const carried = start.diffPointer;
        engine.fill(n, 0, carried);
        for (let t = steps - 1, at = t * n; t >= 0; t--, at -= n) {
          const dh = h.diffPointer + 4 * at;
          engine.add(n, carried, dh, dh);
          unsquash(h.data, h.diff, h.diff, at, at + n);
          engine.gemm(false, false, items, units, units, 1, dh, recurrent.dataPointer, 0, carried);
          cutAtStarts(from.cont.data, t, start.diff, 0, start.diff, 0, items, units);
        }
        input.backward(from, h, propagateDown, wanted);
        if (wanted?.[first]) {
          const [dh, a, du] = [h.diffPointer, before.dataPointer, recurrent.diffPointer];
          engine.gemm(true, false, units, units, rows, 1, dh, a, 1, du);
        }
      },
      saveState: () => [[...end.data]],
      restoreState: (state) => restoreStates([end], state),
      dispose() {
        input.dispose();
        for (const blob of [h, before, squashed, start, end]) blob.dispose();
      },
    };
  },
};

/** U, V and b_y, filled in this order. */
function outputBlobs(context: LayerContext, units: number) {
  const { createBlob, param, random } = context;
  const { weightFiller, biasFiller } = param.recurrentParam ?? {};
  const [u, v, bias] = [[units, units], [units, units], [units]].map(createBlob) as [
    Blob,
    Blob,
    Blob,
  ];
  const ofStep = [
    [u, weightFiller],
    [v, weightFiller],
    [bias, biasFiller],
  ] as const;
  for (const [blob, filler] of ofStep) fill(blob, filler, random);
  drawForLaterSteps(context, ofStep);
  return [u, v, bias] as const;
}

function squash(x: Float32Array, y: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) y[i] = Math.tanh(x[i]!);
}

function unsquash(
  y: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) dx[i] = dy[i]! * (1 - y[i]! * y[i]!);
}
