import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { LayerDefinition } from "../../src/core/layer.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import { type Bench, type BottomSpec, benchLayer } from "../support/bench-layer.ts";
import { checkGradient, checkLayer } from "../support/check-layer.ts";
import { type LayerExample, layerExamples } from "../support/layer-examples.ts";
import { stemOf } from "../support/layer-files.ts";

/** Types without an example, each with its reason. */
const OTHERWISE: Readonly<Record<string, string>> = {
  BN: "two of its blobs have no gradient; its own test checks the others and the bottom's",
  BatchNorm: "its blobs have no gradient; its own test checks the bottom's",
  DetectionOutput: "it has none; its own test sees that it refuses one",
  Parameter: "its top is its blob, values and gradient",
  PriorBox: "its top depends on shapes alone; its own test checks that the gradients are 0",
  Python: "its gradient is the user's",
};

/** Types that say that they have no gradient, with bottoms to try it on. */
const REFUSING: Readonly<Record<string, readonly BottomSpec[]>> = {
  Accuracy: [[2, 3], [2]],
  ArgMax: [[2, 3]],
  Threshold: [[2, 3]],
};

const examples = Object.entries(layerExamples);
const benchOf = (type: string, { param = "", bottoms, options }: LayerExample, items = 2) =>
  benchLayer(`type: "${type}" ${param}`, bottoms(items), options);

/** Whether the type's own test file checks a gradient. */
function checksGradient(type: string): boolean {
  const file = fileURLToPath(new URL(`./${stemOf(type)}.test.ts`, import.meta.url));
  return existsSync(file) && /\bcheck(Layer|Gradient)\(/.test(readFileSync(file, "utf8"));
}

/** Layers that something flows through: a gradient comes in from a top and goes on to a bottom. */
const passesThrough = ({ bottoms, tops }: LayerDefinition) => bottoms.max > 0 && tops.max > 0;

describe("every layer", () => {
  test.each(builtInLayers.filter(passesThrough).map(({ type }) => type))(
    "%s has its gradient checked, or none",
    (type) => {
      const isKnown = type in layerExamples || type in REFUSING || type in OTHERWISE;
      expect(isKnown || checksGradient(type), `add ${type} to layer-examples.ts`).toBe(true);
    },
  );

  test("that is named here exists", () => {
    const types = new Set(builtInLayers.map(({ type }) => type));
    for (const table of [layerExamples, REFUSING, OTHERWISE]) {
      expect(Object.keys(table).filter((type) => !types.has(type))).toEqual([]);
    }
  });
});

describe("a layer with a gradient", () => {
  test.each(examples)(
    "%s: the gradient is true, and goes only where it is wanted",
    async (type, e) => {
      await checkLayer(`type: "${type}" ${e.param ?? ""}`, e.bottoms(2), {
        secondShapes: e.bottoms(3),
        ...e.options,
      });
    },
  );

  test.each(examples)(
    "%s: the check fails when the gradient is a tenth too large",
    async (type, e) => {
      const bench = await benchOf(type, e);
      expect(() => checkGradient(withGradientTimes(1.1, bench), e.options)).toThrow(
        /gradient of blob/,
      );
      bench.dispose();
    },
  );

  test.each(examples.filter(([, { inPlace }]) => inPlace))(
    "%s: works in place",
    async (type, e) => {
      await checkLayer(`type: "${type}" ${e.param ?? ""}`, e.bottoms(2), {
        secondShapes: e.bottoms(3),
        ...e.options,
        inPlace: true,
      });
    },
  );

  test.each(examples)("%s: takes a batch without items, and goes on after it", async (type, e) => {
    const bench = await benchOf(type, e);
    bench.forward();
    for (const items of [0, 2]) {
      e.bottoms(items).forEach((spec, i) => {
        bench.bottoms[i]!.reshape(...("shape" in spec ? spec.shape : spec));
      });
      bench.reshape();
      bench.forward();
      for (const top of bench.tops) top.diff.fill(1);
      bench.backward(e.options?.propagateDown);
    }
    for (const { data } of bench.tops) expect(data.every(Number.isFinite)).toBe(true);
    bench.dispose();
  });
});

describe("a layer without a gradient", () => {
  test.each(Object.entries(REFUSING))("%s refuses to give one", async (type, bottoms) => {
    const bench = await benchLayer(`type: "${type}"`, bottoms);
    bench.forward();
    expect(() => bench.backward()).toThrow(`Not Implemented Yet: ${type} has no gradient`);
    expect(() => bench.backward(bottoms.map(() => false))).not.toThrow();
    bench.dispose();
  });
});

/** The bench with all gradients multiplied, as by a wrong formula. */
function withGradientTimes(factor: number, bench: Bench): Bench {
  return {
    ...bench,
    backward(propagateDown = bench.bottoms.map(() => true)) {
      bench.backward(propagateDown);
      const wanted = bench.bottoms.filter((_, i) => propagateDown[i]);
      for (const { diff } of [...wanted, ...bench.layer.blobs]) {
        for (let i = 0; i < diff.length; i++) diff[i]! *= factor;
      }
    },
  };
}
