import { describe, expect, test } from "vitest";
import type { Blob } from "../../src/core/blob.ts";
import { type Layer, type LayerDefinition, exactly } from "../../src/core/layer.ts";
import { checkLayer } from "./check-layer.ts";

/** y = w x^2, with one learned w; right but for what a test replaces. */
function square(changes: (blob: Blob) => Partial<Layer>): LayerDefinition {
  return {
    type: "Square",
    bottoms: exactly(1),
    tops: exactly(1),
    setUp({ createBlob }) {
      const weight = createBlob([1]);
      weight.set([0.5]);
      const layer: Layer = {
        blobs: [weight],
        reshape: ([x], [y]) => y!.reshapeLike(x!),
        forward([x], [y]) {
          for (let i = 0; i < x!.count; i++) y!.data[i] = weight.data[0]! * x!.data[i]! ** 2;
        },
        backward([y], propagateDown, [x]) {
          for (let i = 0; i < x!.count; i++) {
            const dy = y!.diff[i]!;
            if (this.paramPropagateDown?.[0]) weight.diff[0]! += dy * x!.data[i]! ** 2;
            if (propagateDown[0]) x!.diff[i] = 2 * dy * weight.data[0]! * x!.data[i]!;
          }
        },
      };
      return Object.assign(layer, changes(weight));
    },
  };
}

const check = (changes: Parameters<typeof square>[0]) =>
  checkLayer('type: "Square"', [[2, 3]], { definition: square(changes) });

describe("checkLayer", () => {
  test("passes a layer that is right", async () => {
    await check(() => ({}));
  });

  test("fails for a wrong gradient of a bottom", async () => {
    const wrong: Layer["backward"] = ([y], _, [x]) => {
      for (let i = 0; i < x!.count; i++) x!.diff[i] = y!.diff[i]! * 1.01 * x!.data[i]!;
    };
    await expect(check((weight) => ({ backward: withWeight(wrong!, weight, 1) }))).rejects.toThrow(
      /gradient of blob 0/,
    );
  });

  test("fails for a wrong gradient of a learned blob", async () => {
    await expect(
      check((weight) => ({ backward: withWeight(rightBottom, weight, 1.1) })),
    ).rejects.toThrow(/gradient of blob 1/);
  });

  test("fails where a gradient is written that nobody wants", async () => {
    await expect(
      check((weight) => ({ backward: withWeight(rightBottom, weight, 1) })),
    ).rejects.toThrow("diffs that nobody wants");
  });

  test("fails where a learned blob's gradient is overwritten, not added to", async () => {
    await expect(
      check((weight) => ({
        backward(tops, down, bottoms) {
          if (this.paramPropagateDown?.[0]) weight.diff.fill(0);
          withWeight(rightBottom, weight, 1)(tops, down, bottoms);
        },
      })),
    ).rejects.toThrow(/\[0\] is .*expected/);
  });

  test("fails where a reshape leaves something of the old size behind", async () => {
    let seen = 0;
    await expect(
      check(() => ({
        reshape([x], [y]) {
          seen = Math.max(seen, x!.shape[0]!);
          y!.reshape(seen, ...x!.shape.slice(1));
        },
      })),
    ).rejects.toThrow();
  });
});

const rightBottom: NonNullable<Layer["backward"]> = ([y], _, [x]) => {
  for (let i = 0; i < x!.count; i++) x!.diff[i] = y!.diff[i]! * x!.data[i]!;
};

/** A backward pass for the bottom, and the weight's gradient times a factor; heeds no wish. */
function withWeight(
  backward: NonNullable<Layer["backward"]>,
  weight: Blob,
  factor: number,
): NonNullable<Layer["backward"]> {
  return (tops, propagateDown, bottoms) => {
    backward(tops, propagateDown, bottoms);
    const [x] = bottoms;
    for (let i = 0; i < x!.count; i++) {
      weight.diff[0]! += factor * tops[0]!.diff[i]! * x!.data[i]! ** 2;
    }
  };
}
