/** @file What every layer must fulfil: arities, shapes, reshaping there and back, and true gradients. */
import { expect } from "vitest";
import type { Blob } from "../../src/core/blob.ts";
import { count } from "../../src/core/shape.ts";
import { expectClose } from "./allclose.ts";
import {
  type Bench,
  type BenchOptions,
  type BottomSpec,
  benchLayer,
  drawValues,
  shapeOf,
} from "./bench-layer.ts";

const STEP = 1e-2;
const THRESHOLD = 1e-3;
/** What diffs hold before a backward pass, to see whether it writes them. */
const UNTOUCHED = 1234.5;

export interface GradientOptions {
  /** Which bottoms get a gradient; all where absent. */
  readonly propagateDown?: readonly boolean[];
  /** Tops whose diffs the layer does not read. */
  readonly topsWithoutGradient?: readonly number[];
  /** Values of the first bottom within 2 steps of this one are left out: the function bends there. */
  readonly kink?: number;
}

export interface CheckOptions extends BenchOptions, GradientOptions {
  /** Other sizes of the same bottoms, to reshape to; by default the first axis grows by one. */
  readonly secondShapes?: readonly BottomSpec[];
  /** For layers that have no backward pass. */
  readonly noGradient?: boolean;
}

/** Runs all checks on one layer. */
export async function checkLayer(
  text: string,
  specs: readonly BottomSpec[],
  options: CheckOptions = {},
): Promise<void> {
  const bench = await benchLayer(text, specs, options);
  try {
    checkArity(bench);
    checkReshape(bench, specs, options.secondShapes ?? specs.map(growBatch));
    if (options.noGradient) return;
    checkGradient(bench, options);
    checkAccumulation(bench, options);
    if (!options.inPlace) checkPropagateDown(bench);
  } finally {
    bench.dispose();
  }
}

function checkArity({ definition, bottoms, tops }: Bench): void {
  expect(bottoms.length).toBeGreaterThanOrEqual(definition.bottoms.min);
  expect(bottoms.length).toBeLessThanOrEqual(definition.bottoms.max);
  expect(tops.length).toBeGreaterThanOrEqual(definition.tops.min);
  expect(tops.length).toBeLessThanOrEqual(definition.tops.max);
}

function growBatch(spec: BottomSpec): BottomSpec {
  const [first, ...rest] = shapeOf(spec);
  const shape = first === undefined ? [] : [first + 1, ...rest];
  return "shape" in spec ? { ...spec, shape } : shape;
}

/** To a second size and back: shapes and values of the tops are those of the first time. */
function checkReshape(
  bench: Bench,
  first: readonly BottomSpec[],
  second: readonly BottomSpec[],
): void {
  const { bottoms, tops, random } = bench;
  const replay = record(bench);
  const run = (specs: readonly BottomSpec[]) => {
    bottoms.forEach((bottom, i) => {
      bottom.reshape(...shapeOf(specs[i]!));
    });
    bench.reshape();
    if (specs === second) {
      bottoms.forEach((bottom, i) => {
        drawValues(bottom, specs[i]!, random);
      });
    } else replay();
    bench.forward();
    for (const top of tops) expect(top.data.length).toBe(count(top.shape));
    return tops.map((top) => ({ shape: top.shape, values: top.data.slice() }));
  };
  const before = run(first);
  run(second);
  const after = run(first);
  replay();
  before.forEach(({ shape, values }, i) => {
    expect(after[i]!.shape).toEqual(shape);
    expectClose(after[i]!.values, values);
  });
}

/** Remembers values, the layer's state and the random numbers to come; the result brings them back. */
function record({ bottoms, layer, random }: Bench): () => void {
  const saved = [...bottoms, ...layer.blobs].map((blob) => ({ blob, values: blob.data.slice() }));
  const numbers = random.state();
  const state = layer.saveState?.();
  return () => {
    for (const { blob, values } of saved) blob.data.set(values);
    layer.restoreState?.(state);
    random.restore(numbers);
  };
}

/**
 * Compares each gradient with a central difference of sum over tops of cotangent * top, summed in
 * float64 and divided by the step that float32 actually takes.
 */
export function checkGradient(bench: Bench, options: GradientOptions = {}): void {
  const { layer, bottoms } = bench;
  const propagateDown = options.propagateDown ?? bottoms.map(() => true);
  const replay = record(bench);
  bench.forward();
  const cotangents = drawCotangents(bench, options);
  for (const bottom of bottoms) bottom.diff.fill(UNTOUCHED);
  for (const blob of layer.blobs) blob.diff.fill(0);
  writeTopDiffs(bench, cotangents);
  bench.backward(propagateDown);
  const checked = [...bottoms.filter((_, i) => propagateDown[i]), ...layer.blobs];
  const analytic = checked.map((blob) => blob.diff.slice());
  replay();

  const objective = (): number => {
    bench.forward();
    let sum = 0;
    bench.tops.forEach(({ data }, k) => {
      for (let i = 0; i < data.length; i++) sum += data[i]! * cotangents[k]![i]!;
    });
    replay();
    return sum;
  };
  checked.forEach((blob, b) => {
    for (let i = 0; i < blob.count; i++) {
      const { kink } = options;
      if (kink !== undefined && b === 0 && Math.abs(blob.data[i]! - kink) < 2 * STEP) continue;
      const numeric = slope(blob, i, objective);
      const exact = analytic[b]![i]!;
      const scale = Math.max(1, Math.abs(exact), Math.abs(numeric));
      const what = `gradient of blob ${b} [${i}]: ${exact}, numerically ${numeric}`;
      expect(Math.abs(exact - numeric) / scale, what).toBeLessThanOrEqual(THRESHOLD);
    }
  });
}

function slope(blob: Blob, i: number, objective: () => number): number {
  const value = blob.data[i]!;
  const above = Math.fround(value + STEP);
  const below = Math.fround(value - STEP);
  blob.data[i] = above;
  const high = objective();
  blob.data[i] = below;
  const low = objective();
  return (high - low) / (above - below);
}

/** Random diffs for the tops; 0 for those that have none. */
function drawCotangents(
  { tops, random }: Bench,
  { topsWithoutGradient = [] }: GradientOptions,
): Float32Array[] {
  return tops.map((top, i) =>
    Float32Array.from(top.data, () =>
      topsWithoutGradient.includes(i) ? 0 : random.gaussian(0, 1),
    ),
  );
}

function writeTopDiffs({ tops }: Bench, cotangents: readonly Float32Array[]): void {
  tops.forEach((top, i) => {
    top.diff.set(cotangents[i]!);
  });
}

/** Two backward passes overwrite the bottoms' diffs and add to those of the blobs. */
function checkAccumulation(bench: Bench, options: GradientOptions): void {
  const { layer, bottoms } = bench;
  const { propagateDown } = options;
  const replay = record(bench);
  const cotangents = drawCotangents(bench, options);
  const pass = () => {
    replay();
    bench.forward();
    writeTopDiffs(bench, cotangents);
    bench.backward(propagateDown);
    return [bottoms, layer.blobs].map((blobs) => blobs.map((blob) => blob.diff.slice()));
  };
  for (const blob of layer.blobs) blob.diff.fill(0);
  const once = pass();
  const twice = pass();
  once[0]!.forEach((diff, i) => {
    if (propagateDown?.[i] ?? true) expectClose(twice[0]![i]!, diff);
  });
  once[1]!.forEach((diff, i) => {
    expectClose(
      twice[1]![i]!,
      diff.map((value) => 2 * value),
    );
  });
  replay();
}

/** Where nobody wants a gradient, none is written. */
function checkPropagateDown(bench: Bench): void {
  const { layer, bottoms, tops } = bench;
  const blobs = [...bottoms, ...layer.blobs];
  bench.forward();
  for (const top of tops) top.diff.fill(1);
  for (const blob of blobs) blob.diff.fill(UNTOUCHED);
  layer.paramPropagateDown = layer.blobs.map(() => false);
  bench.backward(bottoms.map(() => false));
  layer.paramPropagateDown = layer.blobs.map(() => true);
  for (const blob of blobs) {
    expect(
      blob.diff.every((value) => value === UNTOUCHED),
      "diffs that nobody wants",
    ).toBe(true);
  }
}
