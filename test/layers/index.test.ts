import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtInLayers, foreignLayers } from "../../src/layers/index.ts";
import { stemOf } from "../support/layer-files.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

describe("builtInLayers", () => {
  test("has the types of other forks in a list of their own as well", () => {
    const own = builtInLayers.filter((layer) => !foreignLayers.includes(layer));
    expect(own.length).toBe(builtInLayers.length - foreignLayers.length);
    expect(own.map(({ type }) => type)).toContain("Convolution");
    expect(foreignLayers.map(({ type }) => type)).toContain("Permute");
  });

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
