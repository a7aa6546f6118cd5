import { expect } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { onGpu } from "../support/gpu.ts";
import { heartCurve, writeHearts } from "../support/hearts.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder("gpu-hearts")("study");

onGpu(
  "the tutorial's kind of net, with Dice: the same losses and the same Dice",
  async (device) => {
    await writeHearts(folder);
    const [own, expected] = [await heartCurve(device, folder), await heartCurve("cpu", folder)];
    expect(Math.max(...expected.filter((_, i) => i % 2 === 1))).toBeGreaterThan(0.05);
    expectClose(own, expected, { rtol: 2e-3, atol: 2e-3 });
  },
);
