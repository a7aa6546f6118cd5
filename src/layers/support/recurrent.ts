/** @file What LSTM and RNN share: their bottoms, and the product of the input with its weights. */
import type { Blob } from "../../core/blob.ts";
import { fill } from "../../core/filler.ts";
import type { LayerContext } from "../../core/layer.ts";
import { count, shapeString } from "../../core/shape.ts";
import type { FillerParameter } from "../../schema/index.ts";

/** The bottoms and tops of a recurrent layer by their meaning. */
export interface RecurrentBlobs {
  /** (T, N, ...) and (T, N): the input, and 0 where a sequence starts. */
  readonly x: Blob;
  readonly cont: Blob;
  /** (N, ...): an input that all steps see. */
  readonly fixed: Blob | undefined;
  /** (1, N, H) each: the state before the first step; with expose_hidden only. */
  readonly starts: readonly Blob[];
}

/** How the blobs of a layer are told apart. */
export interface RecurrentForm {
  /** How many states there are: h, or h and c. */
  readonly states: number;
  readonly exposed: boolean;
}

/** Checks that there are as many bottoms and tops as `expose_hidden` asks for. */
export function checkRecurrentArity(
  { param, bottoms, tops, fail }: LayerContext,
  { states, exposed }: RecurrentForm,
): void {
  const extra = exposed ? states : 0;
  const [min, max] = [2 + extra, 3 + extra];
  if (bottoms.length < min) {
    fail(`${param.type} Layer takes at least ${min} bottom blob(s) as input.`, "bottom");
  }
  if (bottoms.length > max) {
    fail(`${param.type} Layer takes at most ${max} bottom blob(s) as input.`, "bottom");
  }
  if (tops.length !== 1 + extra) {
    fail(`${param.type} Layer produces ${1 + extra} top blob(s) as output.`, "top");
  }
}

export function recurrentBlobs(
  bottoms: readonly Blob[],
  { states, exposed }: RecurrentForm,
): RecurrentBlobs {
  const extra = exposed ? states : 0;
  return {
    x: bottoms[0]!,
    cont: bottoms[1]!,
    fixed: bottoms.length > 2 + extra ? bottoms[2] : undefined,
    starts: exposed ? bottoms.slice(-states) : [],
  };
}

/** Says how the layer reads its first bottom: steps, then streams. */
export function logRecurrent({ bottoms, logger }: LayerContext): void {
  const [steps = 1, items = 1] = bottoms[0]!.shape;
  logger.log(
    "info",
    "recurrent_layer.cpp:20",
    `Initializing recurrent layer: assuming input batch contains ${steps} timesteps of ${items} ` +
      "independent streams.",
  );
}

/** Checks the bottoms' shapes against each other. @returns steps and items */
export function recurrentSize(
  { fail }: LayerContext,
  { x, cont, fixed, starts }: RecurrentBlobs,
  numOutput: number,
): { steps: number; items: number } {
  if (x.shape.length < 2) {
    fail("bottom[0] must have at least 2 axes -- (#timesteps, #streams, ...)", "bottom");
  }
  const [steps, items] = [x.shape[0]!, x.shape[1]!];
  if (cont.shape.length !== 2 || cont.shape[0] !== steps || cont.shape[1] !== items) {
    fail(
      "bottom[1] must have exactly 2 axes -- (#timesteps, #streams): " +
        `${steps} ${items} needed, not ${shapeString(cont.shape)}`,
      "bottom",
    );
  }
  if (fixed && fixed.shape[0] !== items) {
    fail(`the static input has ${fixed.shape[0] ?? "no axis of"} items, not ${items}`, "bottom");
  }
  for (const start of starts) {
    if (start.count === items * numOutput) continue;
    fail(
      `a state has the shape (1, ${items}, ${numOutput}), not ${shapeString(start.shape)}`,
      "bottom",
    );
  }
  return { steps, items };
}

/** W x + b, and W_s x_s of the static input added to all steps. */
export interface InputTransform {
  /** Weight, bias, and the weight of the static input if there is one. */
  readonly blobs: readonly Blob[];
  /** Writes `out.data` (T, N, width). */
  forward(from: RecurrentBlobs, out: Blob): void;
  /** From `out.diff` to the bottoms that want it, and to the blobs. */
  backward(
    from: RecurrentBlobs,
    out: Blob,
    propagateDown: readonly boolean[],
    wanted: readonly boolean[] | undefined,
  ): void;
  dispose(): void;
}

export function inputTransform(
  context: LayerContext,
  { x, fixed }: RecurrentBlobs,
  width: number,
): InputTransform {
  const { engine, createBlob, random } = context;
  const { weightFiller, biasFiller } = context.param.recurrentParam ?? {};
  const inputs = count(x.shape, 2);
  const weight = createBlob([width, inputs]);
  fill(weight, weightFiller, random);
  const bias = createBlob([width]);
  fill(bias, biasFiller, random);
  const fixedInputs = fixed ? count(fixed.shape, 1) : 0;
  const fixedWeight = fixed && createBlob([width, fixedInputs]);
  if (fixedWeight) fill(fixedWeight, weightFiller, random);
  /** (N, width): what the static input adds; its diff is the sum over the steps. */
  const added = createBlob([0]);
  return {
    blobs: fixedWeight ? [weight, bias, fixedWeight] : [weight, bias],
    forward({ x, fixed }, out) {
      const rows = x.shape[0]! * x.shape[1]!;
      const [a, w, y] = [x.dataPointer, weight.dataPointer, out.dataPointer];
      engine.gemm(false, true, rows, width, inputs, 1, a, w, 0, y);
      engine.addBias(rows, width, 1, bias.dataPointer, y);
      if (!fixed || !fixedWeight) return;
      const items = x.shape[1]!;
      added.reshape(items, width);
      const [s, ws, ys] = [fixed.dataPointer, fixedWeight.dataPointer, added.dataPointer];
      engine.gemm(false, true, items, width, fixedInputs, 1, s, ws, 0, ys);
      for (let t = 0; t < x.shape[0]!; t++) {
        const step = y + 4 * t * items * width;
        engine.add(items * width, step, ys, step);
      }
    },
    backward({ x, fixed }, out, propagateDown, wanted) {
      const rows = x.shape[0]! * x.shape[1]!;
      const dy = out.diffPointer;
      if (wanted?.[0]) {
        engine.gemm(true, false, width, inputs, rows, 1, dy, x.dataPointer, 1, weight.diffPointer);
      }
      if (wanted?.[1]) engine.biasGradient(rows, width, 1, dy, bias.diffPointer);
      if (propagateDown[0]) {
        engine.gemm(false, false, rows, inputs, width, 1, dy, weight.dataPointer, 0, x.diffPointer);
      }
      if (!fixed || !fixedWeight) return;
      const items = x.shape[1]!;
      const ds = added.diffPointer;
      engine.copy(items * width, dy, ds);
      for (let t = 1; t < x.shape[0]!; t++) {
        engine.add(items * width, ds, dy + 4 * t * items * width, ds);
      }
      const [s, w] = [fixed.dataPointer, fixedWeight.dataPointer];
      if (wanted?.[2]) {
        engine.gemm(true, false, width, fixedInputs, items, 1, ds, s, 1, fixedWeight.diffPointer);
      }
      if (propagateDown[2]) {
        engine.gemm(false, false, items, fixedInputs, width, 1, ds, w, 0, fixed.diffPointer);
      }
    },
    dispose: () => added.dispose(),
  };
}

/**
 * Draws the numbers that Caffe draws beside those of the blobs, so that later layers get theirs: it
 * unrolls the layer, and each step after the first fills weights before it shares the first one's.
 * @param ofStep the blobs that each step has, in order, with their fillers
 */
export function drawForLaterSteps(
  { bottoms, createBlob, random }: LayerContext,
  ofStep: readonly (readonly [Blob, FillerParameter | undefined])[],
): void {
  // A net that is only looked at has no memory, and nothing to draw; its steps may be a million.
  const drawn = ofStep.filter(
    ([blob, filler]) => (filler?.type ?? "constant") !== "constant" && blob.data.length > 0,
  );
  if (drawn.length === 0) return;
  const scratch = createBlob([0]);
  for (let step = 1; step < bottoms[0]!.shape[0]!; step++) {
    for (const [blob, filler] of drawn) {
      scratch.reshapeLike(blob);
      fill(scratch, filler, random);
    }
  }
  scratch.dispose();
}

/** y[n, k] = x[n, k] cont[t, n]: what a sequence's start cuts off. */
export function cutAtStarts(
  cont: Float32Array,
  t: number,
  x: Float32Array,
  xAt: number,
  y: Float32Array,
  yAt: number,
  items: number,
  width: number,
): void {
  for (let n = 0, i = 0; n < items; n++) {
    const goesOn = cont[t * items + n]!;
    for (let k = 0; k < width; k++, i++) y[yAt + i] = goesOn * x[xAt + i]!;
  }
}

/** Brings back what `saveState` of a recurrent layer gave: the values of each state. */
export function restoreStates(blobs: readonly Blob[], state: unknown): void {
  blobs.forEach((blob, s) => {
    const values: unknown = Array.isArray(state) ? state[s] : undefined;
    if (!Array.isArray(values) || values.length !== blob.count) {
      throw new RangeError(`the saved state of a recurrent layer must have ${blob.count} values`);
    }
    blob.set(values);
  });
}
