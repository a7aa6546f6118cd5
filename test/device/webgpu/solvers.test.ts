import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Device } from "../../../src/device/index.ts";
import { expectClose } from "../../support/allclose.ts";
import { onGpu } from "../../support/gpu.ts";
import { recordedLogger, regressionSolver, temporaryFolder } from "../../support/solver.ts";

/** All parameters belong to layers that the GPU computes; their multipliers differ. */
const NET = `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 dim: 5 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 dim: 3 dim: 5 } } }
  layer {
    name: "scale" type: "Scale" bottom: "x" top: "y" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
    scale_param { axis: 1 num_axes: 2 bias_term: true filler { type: "uniform" min: -1 max: 1 } }
  }
  layer {
    name: "prelu" type: "PReLU" bottom: "y" top: "y" param { lr_mult: 0.5 decay_mult: 3 }
  }
  layer { name: "bias" type: "Bias" bottom: "y" top: "z" param { lr_mult: 0 } }
  layer { name: "loss" type: "EuclideanLoss" bottom: "z" bottom: "t" top: "loss" }`;

const common =
  'base_lr: 0.05 lr_policy: "step" gamma: 0.5 stepsize: 3 weight_decay: 0.1 display: 0';

/** Losses, parameters and history after some iterations. */
async function train(device: Device | "cpu", text: string, net = NET): Promise<Float32Array[]> {
  const solver = await regressionSolver(`${common} ${text}`, { device, net });
  try {
    await solver.step(7);
    await solver.net.sync();
    const blobs = [...solver.net.learnableParams.map(({ blob }) => blob), ...solver.history];
    for (const blob of blobs) await blob.sync();
    return [Float32Array.of(solver.loss), ...blobs.map((blob) => blob.data.slice())];
  } finally {
    solver.dispose();
  }
}

async function compare(device: Device, text: string): Promise<void> {
  const [actual, expected] = [await train(device, text), await train("cpu", text)];
  expected.forEach((values, i) => {
    expectClose(actual[i]!, values, { rtol: 2e-5, atol: 1e-6 });
  });
}

const types = {
  SGD: "momentum: 0.9",
  Nesterov: "momentum: 0.9",
  AdaGrad: "",
  RMSProp: "rms_decay: 0.9",
  AdaDelta: "momentum: 0.95 delta: 1e-3",
  Adam: "momentum: 0.9 momentum2: 0.999",
};

describe("solvers on the GPU do what they do on the CPU", () => {
  for (const [type, constants] of Object.entries(types)) {
    onGpu(`${type}: with L1 and L2, clipping and iter_size`, async (device) => {
      const solver = `type: "${type}" ${constants}`;
      await compare(device, solver);
      await compare(device, `${solver} regularization_type: "L1"`);
      await compare(device, `${solver} clip_gradients: 0.5 iter_size: 2`);
    });
  }

  onGpu("a snapshot of one device goes on on the other", async (device) => {
    using folder = temporaryFolder();
    const text = `${common} type: "Adam" snapshot_prefix: "${join(folder.path, "s")}"`;
    const run = async (first: Device | "cpu", second: Device | "cpu") => {
      const before = await regressionSolver(text, { device: first, net: NET });
      await before.step(3);
      await before.snapshot();
      before.dispose();
      const after = await regressionSolver(text, { device: second, net: NET });
      await after.restore(join(folder.path, "s_iter_3.solverstate"));
      await after.step(3);
      await after.net.sync();
      const values = after.net.learnableParams.map(({ blob }) => blob.data.slice());
      after.dispose();
      return values;
    };
    const expected = await run("cpu", "cpu");
    for (const values of [await run(device, "cpu"), await run("cpu", device)]) {
      values.forEach((blob, i) => {
        expectClose(blob, expected[i]!, { rtol: 2e-5, atol: 1e-6 });
      });
    }
  });

  onGpu("clipping says what it did in Caffe's words", async (device) => {
    const logger = recordedLogger();
    const solver = await regressionSolver(`${common} clip_gradients: 0.01`, {
      device,
      net: NET,
      logger,
    });
    await solver.step(1);
    solver.dispose();
    expect(logger.lines.join("\n")).toMatch(/Gradient clipping: scaling down gradients \(L2 norm/);
  });

  onGpu(
    "says what each of 300 iterations clipped, at the display and at the end",
    async (device) => {
      const said = async (on: Device | "cpu") => {
        const logger = recordedLogger();
        const text = `${common} clip_gradients: 0.7 momentum: 0.5`.replace(
          "display: 0",
          "display: 250",
        );
        const solver = await regressionSolver(text, { device: on, net: NET, logger });
        await solver.step(300);
        solver.dispose();
        // Numbers differ in the last digits.
        return logger.lines.flatMap((line) => line.match(/Gradient clipping.*norm [\d.]{4}/) ?? []);
      };
      const lines = await said(device);
      expect(lines.length).toBeGreaterThan(20);
      expect(lines).toEqual(await said("cpu"));
    },
  );

  onGpu("an iteration moves no parameter over, and brings nothing back", async (device) => {
    const text = `${common} momentum: 0.9 clip_gradients: 0.01`;
    const solver = await regressionSolver(text, { device, net: NET });
    try {
      await solver.step(2);
      const before = { ...device.remote!.counts };
      await solver.step(1);
      const { counts } = device.remote!;
      const inputs = 2 * 4 * 60;
      // The loss and the norm, for `smoothed loss` and the log, are fetched when the steps end.
      expect(counts.bytesUp - before.bytesUp).toBeLessThanOrEqual(inputs + 16);
      expect(counts.bytesDown - before.bytesDown).toBeLessThanOrEqual(2 * 4 * 257);
    } finally {
      solver.dispose();
    }
  });
});
