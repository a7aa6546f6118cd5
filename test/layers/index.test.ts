import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtInLayers } from "../../src/layers/index.ts";

/** Caffe's layer types whose file is not called after the type in kebab-case. */
const stems: Readonly<Record<string, string>> = {
  AbsVal: "absval",
  ArgMax: "argmax",
  BNLL: "bnll",
  ELU: "elu",
  HDF5Data: "hdf5-data",
  Im2col: "im2col",
  LRN: "lrn",
  LSTMUnit: "lstm-unit",
  MVN: "mvn",
  PReLU: "prelu",
  ReLU: "relu",
  SPP: "spp",
  TanH: "tanh",
};

const stemOf = (type: string) =>
  stems[type] ?? type.replace(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase();

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

describe("builtInLayers", () => {
  test("names each type once", () => {
    const types = builtInLayers.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
  });

  describe.each(builtInLayers.map((definition) => [definition.type, definition] as const))(
    "%s",
    (type, definition) => {
      test("has a file and a test file of its own", () => {
        expect(existsSync(here(`../../src/layers/${stemOf(type)}.ts`))).toBe(true);
        expect(existsSync(here(`./${stemOf(type)}.test.ts`))).toBe(true);
      });

      test("states arities that can be met", () => {
        for (const { min, max } of [definition.bottoms, definition.tops]) {
          expect(min).toBeGreaterThanOrEqual(0);
          expect(max).toBeGreaterThanOrEqual(min);
        }
      });
    },
  );
});
