import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const layers = fileURLToPath(new URL("../../layers", import.meta.url));
const SIZE = 32;
/** A bright disc off the centre of a ramp, and the disc as label. */
const label = disc(14, 18, 7);
const image = Float32Array.from(label, (inside, i) => 100 * inside + (i % SIZE));

function disc(x0: number, y0: number, radius: number): Float32Array {
  return Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.hypot((i % SIZE) - x0, Math.floor(i / SIZE) - y0) <= radius ? 1 : 0,
  );
}

async function augmented(settings: object, passes = 1) {
  const net = await Net.load(
    parsePrototxt(
      `layer { name: "in" type: "Input" top: "x" top: "l" input_param { shape { dim: 1 dim: 1 dim: ${SIZE} dim: ${SIZE} } } }
       layer { name: "a" type: "Python" bottom: "x" bottom: "l" top: "image" top: "label"
         python_param { module: "augment" layer: "Augment" param_str: '${JSON.stringify(settings)}' } }`,
      { message: "NetParameter" },
    ),
    { phase: "TRAIN", layers, threads: 1 },
  );
  const results = [];
  for (let i = 0; i < passes; i++) {
    const outputs = await net.forward({ x: image, l: label });
    results.push({ image: outputs.image!.slice(), label: outputs.label!.slice() });
  }
  net.dispose();
  return results;
}

test("changes nothing where nothing may change", async () => {
  const [only] = await augmented({});
  expect(only).toEqual({ image, label });
});

test("moves the label with the image", async () => {
  const moves = { rotate: 30, scale: 0.2, shift: 0.1, seed: 3 };
  for (const result of await augmented(moves, 8)) {
    expect(result.label).not.toEqual(label);
    const disagreeing = result.label.filter(
      (inside, i) => inside !== Number(result.image[i]! > 70),
    );
    // Only pixels on the outline, which the image blends, may differ.
    expect(disagreeing.length).toBeLessThan(40);
    expect(result.label.every((value) => value === 0 || value === 1)).toBe(true);
  }
});

test("mirrors exactly", async () => {
  const results = await augmented({ flip: true }, 8);
  const mirrored = image.map((_, i) => image[i - (i % SIZE) + SIZE - 1 - (i % SIZE)]!);
  const kinds = results.map((result) => (result.image[0] === image[0] ? "same" : "mirrored"));
  expect(new Set(kinds).size).toBe(2);
  results.forEach((result, i) => {
    expect(result.image).toEqual(kinds[i] === "same" ? image : mirrored);
  });
});

test("bends contrast between the smallest and the largest value", async () => {
  const [result] = await augmented({ gamma: 0.5, seed: 5 });
  expect(result!.image).not.toEqual(image);
  expect(Math.min(...result!.image)).toBeCloseTo(Math.min(...image), 4);
  expect(Math.max(...result!.image)).toBeCloseTo(Math.max(...image), 4);
  expect(result!.label).toEqual(label);
});

test("draws the same changes again from the same seed", async () => {
  const settings = { rotate: 20, shift: 0.1, gamma: 0.2, seed: 9 };
  expect(await augmented(settings, 3)).toEqual(await augmented(settings, 3));
});
