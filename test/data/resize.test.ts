import { describe, expect, test } from "vitest";
import { resizeBilinear } from "../../src/data/index.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const row = (...values: number[]) => ({
  channels: 1,
  height: 1,
  width: values.length,
  data: Uint8Array.from(values),
});

test("an image of the wanted size stays", () => {
  const image = row(1, 2, 3);
  expect(resizeBilinear(image, 1, 3)).toBe(image);
});

test("lays pixel centers on pixel centers", () => {
  // Places -0.25, 0.25, 0.75 and 1.25 of 0 and 100.
  expect([...resizeBilinear(row(0, 100), 1, 4).data]).toEqual([0, 25, 75, 100]);
  // Places 0.25 + 1.5 i of six pixels: nothing is smoothed.
  expect([...resizeBilinear(row(0, 100, 0, 0, 100, 0), 1, 4).data]).toEqual([25, 25, 25, 25]);
});

test("takes the mean of 2 x 2 pixels for half the size", () => {
  const data = Uint8Array.of(1, 2, 10, 20, 3, 4, 30, 41);
  const half = resizeBilinear({ channels: 1, height: 2, width: 4, data }, 1, 2);
  expect([...half.data]).toEqual([3, 25]);
});

/** Values that look random, the extremes among them. */
function noise(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => {
    const value = (Math.imul(i + 7919 * seed, 2654435761) >>> 11) & 511;
    return value > 383 ? 255 : value > 255 ? 0 : value;
  });
}

describe.skipIf(!hasPythonModule("cv2"))("against OpenCV's resize (needs python3-opencv)", () => {
  const script = `
import json, sys, base64, cv2, numpy as np
answers = []
for channels, height, width, data, newHeight, newWidth in json.load(sys.stdin):
    m = np.frombuffer(base64.b64decode(data), np.uint8).reshape(channels, height, width)
    m = np.ascontiguousarray(m.transpose(1, 2, 0))
    m = cv2.resize(m, (newWidth, newHeight), interpolation=cv2.INTER_LINEAR)
    m = m[..., None] if m.ndim == 2 else m
    answers.append(base64.b64encode(np.ascontiguousarray(m.transpose(2, 0, 1)).tobytes()).decode())
print(json.dumps(answers))`;

  test("is the same to the bit, up and down, whatever the sizes", () => {
    const sizes = (n: number, seed: number) => 1 + ((Math.imul(seed, 2246822519) >>> 9) % n);
    const cases = Array.from({ length: 600 }, (_, i) => {
      const channels = [1, 3, 4][i % 3]!;
      const large = i % 50 === 0 ? 500 : 70;
      const [height, width] = [sizes(large, 4 * i + 1), sizes(large, 4 * i + 2)];
      const scale = [undefined, 2, 0.5, 4, 3][i % 5];
      const to = (size: number, seed: number) =>
        scale === undefined ? sizes(large, seed) : Math.max(1, Math.floor(size * scale));
      const image = { channels, height, width, data: noise(channels * height * width, i) };
      return { image, height: to(height, 4 * i + 3), width: to(width, 4 * i + 4) };
    });
    const input = cases.map(({ image, height, width }) => [
      ...[image.channels, image.height, image.width],
      Buffer.from(image.data).toString("base64"),
      ...[height, width],
    ]);
    const answers = runPython(script, input) as string[];
    const different = cases.filter(({ image, height, width }, i) => {
      const { data } = resizeBilinear(image, height, width);
      return Buffer.from(data).toString("base64") !== answers[i];
    });
    expect(
      different.map(({ image, height, width }) => [image.height, image.width, height, width]),
    ).toEqual([]);
  });
});
