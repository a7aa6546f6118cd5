/** @file A layer on its own, without a net: built from a prototxt fragment over blobs of given shapes. */
import { Blob } from "../../src/core/blob.ts";
import { Heap } from "../../src/core/heap.ts";
import type { Layer, LayerContext, LayerDefinition } from "../../src/core/layer.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type RandomSource, createRandom } from "../../src/core/random.ts";
import type { Shape } from "../../src/core/shape.ts";
import { NetDefinitionError } from "../../src/errors.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import { createEngine } from "../../src/math/index.ts";
import { type Phase, excerptOf, locationOf, parsePrototxt } from "../../src/schema/index.ts";

export const SEED = 1701;

export const heap = new Heap();
export const engine = createEngine(heap, { threads: 1 });

/** How to draw the values of a bottom, one after another. */
export type Values = (random: RandomSource, index: number) => number;

/** A bottom by its shape, with values from N(0, 1) where it does not say others. */
export type BottomSpec = Shape | { readonly shape: Shape; readonly values: Values };

export const normal: Values = (random) => random.gaussian(0, 1);
/** N(0, 1) without what lies so near to 0 that a step of 1e-2 would cross it. */
export const awayFromZero: Values = (random) => {
  for (;;) {
    const value = random.gaussian(0, 1);
    if (Math.abs(value) > 0.05) return value;
  }
};
export const between =
  (min: number, max: number): Values =>
  (random) =>
    random.uniform(min, max);
/** Class labels 0 up to, not including, `classes`. */
export const labels =
  (classes: number): Values =>
  (random) =>
    random.integer(classes - 1);
/** The given numbers in order, again from the first when they are used up. */
export const listed =
  (numbers: readonly number[]): Values =>
  (_, index) =>
    numbers[index % numbers.length]!;

export interface BenchOptions {
  readonly tops?: number;
  readonly phase?: Phase;
  /** The first top is the first bottom. */
  readonly inPlace?: boolean;
  /** A definition that is not in the list of built-in layers. */
  readonly definition?: LayerDefinition;
  readonly resolvePath?: (path: string) => string;
}

/** A layer that is set up, with its blobs. */
export interface Bench {
  readonly definition: LayerDefinition;
  readonly layer: Layer;
  readonly bottoms: readonly Blob[];
  readonly tops: readonly Blob[];
  readonly random: RandomSource;
  reshape(): void;
  /** Runs forward; on the first call, and after a change of shape, reshapes before. */
  forward(): void;
  backward(propagateDown?: readonly boolean[]): void;
  dispose(): void;
}

export function shapeOf(spec: BottomSpec): Shape {
  return "shape" in spec ? spec.shape : spec;
}

/** Draws all values of a bottom. */
export function drawValues(blob: Blob, spec: BottomSpec, random: RandomSource): void {
  const values = "shape" in spec ? spec.values : normal;
  for (let i = 0; i < blob.count; i++) blob.data[i] = values(random, i);
}

/**
 * Builds a layer and runs its first reshape.
 * @param text the inside of a prototxt's `layer { }`, such as `type: "ReLU"`
 */
export async function benchLayer(
  text: string,
  specs: readonly BottomSpec[],
  options: BenchOptions = {},
): Promise<Bench> {
  const net = parsePrototxt(`layer { name: "bench" ${text} }`, {
    message: "NetParameter",
    fileName: "bench.prototxt",
  });
  const param = net.layer[0]!;
  const definition =
    options.definition ?? builtInLayers.find((candidate) => candidate.type === param.type);
  if (!definition) throw new Error(`no built-in layer has the type ${param.type}`);
  const random = createRandom(SEED);
  const bottoms = specs.map((spec) => new Blob(heap, shapeOf(spec)));
  bottoms.forEach((bottom, i) => {
    drawValues(bottom, specs[i]!, random);
  });
  const tops = Array.from({ length: options.tops ?? Math.min(1, definition.tops.max) }, (_, i) =>
    options.inPlace && i === 0 ? bottoms[0]! : new Blob(heap, [0]),
  );
  const phase = options.phase ?? "TRAIN";
  const fail: LayerContext["fail"] = (problem, field) => {
    throw new NetDefinitionError(`layer "bench" (${param.type}): ${problem}`, {
      location: locationOf(param, field),
      excerpt: excerptOf(param, field),
    });
  };
  const layer = await definition.setUp({
    param,
    phase,
    bottoms,
    tops,
    engine,
    random,
    logger: silentLogger,
    layerPath: [],
    resolvePath: options.resolvePath ?? ((path) => path),
    createBlob: (shape) => new Blob(heap, shape),
    fail,
  });
  layer.paramPropagateDown = layer.blobs.map(() => true);
  layer.reshape(bottoms, tops);
  return {
    definition,
    layer,
    bottoms,
    tops,
    random,
    reshape: () => layer.reshape(bottoms, tops),
    forward() {
      if (layer.reshapesEachForward) layer.reshape(bottoms, tops);
      layer.forward(bottoms, tops);
    },
    backward(propagateDown = bottoms.map(() => true)) {
      layer.backward?.(tops, propagateDown, bottoms);
    },
    dispose() {
      layer.dispose?.();
      for (const blob of new Set([...bottoms, ...tops, ...layer.blobs])) blob.dispose();
    },
  };
}

/** Builds a layer, writes the first bottom's values and runs it forward; for small worked examples. */
export async function runLayer(
  text: string,
  specs: readonly BottomSpec[],
  options: BenchOptions = {},
): Promise<Bench> {
  const bench = await benchLayer(text, specs, options);
  bench.forward();
  return bench;
}
