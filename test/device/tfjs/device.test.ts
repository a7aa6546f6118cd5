import { describe, expect, test } from "vitest";
import { createRandom } from "../../../src/core/random.ts";
import type { Device } from "../../../src/device/index.ts";
import type { TfjsDevice } from "../../../src/device/tfjs/tfjs-device.ts";
import { Net } from "../../../src/net/net.ts";
import { Solver } from "../../../src/solver/index.ts";
import { solverTypes } from "../../../src/solver/solver-types.ts";
import { folderWith } from "../../custom/support.ts";
import { expectClose } from "../../support/allclose.ts";
import { heartCurve, writeHearts } from "../../support/hearts.ts";
import { randomNet } from "../../support/random-net.ts";
import { feed, netParam, solverParam } from "../../support/solver.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { onTensorFlow } from "../../support/tfjs.ts";

const hearts = temporaryFolder("tfjs-hearts")("study");

const input = (name: string, ...dims: number[]) =>
  `layer { name: "${name}" type: "Input" top: "${name}" input_param { shape { ${dims.map((dim) => `dim: ${dim}`).join(" ")} } } }`;

/** A layer of each kind that keeps something from pass to pass. */
const classifier = `
  ${input("x", 2, 3, 12, 12)} ${input("t", 2)}
  layer { name: "zero" type: "Power" bottom: "t" top: "label" power_param { scale: 0 shift: 1 } }
  layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
    convolution_param { num_output: 4 kernel_size: 3 group: 1 weight_filler { type: "xavier" } } }
  layer { name: "prelu" type: "PReLU" bottom: "c" top: "c" }
  layer { name: "norm" type: "LRN" bottom: "c" top: "n" }
  layer { name: "pool" type: "Pooling" bottom: "n" top: "p" pooling_param { kernel_size: 3 stride: 2 } }
  layer { name: "bn" type: "BatchNorm" bottom: "p" top: "b" }
  layer { name: "scale" type: "Scale" bottom: "b" top: "b" scale_param { bias_term: true } }
  layer { name: "ave" type: "Pooling" bottom: "b" top: "a" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
  layer { name: "drop" type: "Dropout" bottom: "a" top: "a" }
  layer { name: "ip" type: "InnerProduct" bottom: "a" top: "y"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
  layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "label" top: "accuracy" }`;

/** A custom layer that doubles with tensors, and knows its gradient from them. */
const DOUBLE = `
  import { type Blob, Layer } from "cortado";
  export class Double extends Layer {
    static override autodiff = true;
    override reshape([x]: [Blob], [y]: [Blob]) { y.reshape(...x.shape); }
    override forward([x]: [Blob], [y]: [Blob]) { y.set(x.tensor().mul(2)); }
  }`;

const doubled = `
  force_backward: true ${input("x", 2, 3)}
  layer { name: "a" type: "TanH" bottom: "x" top: "a" }
  layer { name: "double" type: "Python" bottom: "a" top: "d" python_param { module: "double" layer: "Double" } }
  layer { name: "b" type: "TanH" bottom: "d" top: "b" }`;

/** The bytes that went up and down while something ran. */
async function bytesOf(device: TfjsDevice, run: () => Promise<unknown>) {
  const before = { ...device.tensors.counts };
  await run();
  const { bytesUp, bytesDown } = device.tensors.counts;
  return { up: bytesUp - before.bytesUp, down: bytesDown - before.bytesDown };
}

onTensorFlow((device) => {
  const numTensors = () => device.backend.tf.memory().numTensors;

  describe("a device of tensors", () => {
    test.each(solverTypes)("leaves none behind when it trains with %s", async (type) => {
      const momentum = /AdaGrad|RMSProp/.test(type) ? "" : "momentum: 0.9";
      const param = solverParam(
        `type: "${type}" base_lr: 0.01 lr_policy: "inv" gamma: 0.1 power: 0.75 ${momentum} random_seed: 1
         weight_decay: 0.01 clip_gradients: 1 max_iter: 100 iter_size: 2`,
      );
      const train = async () => {
        const solver = await Solver.load({ ...param, netParam: netParam(classifier) }, { device });
        feed(solver);
        const counts: number[] = [];
        for (let i = 0; i < 6; i++) {
          await solver.step(1);
          counts.push(numTensors());
        }
        solver.dispose();
        return counts;
      };
      // Constants are made once for the device.
      await train();
      const before = numTensors();
      const [, second, ...rest] = await train();
      expect(rest).toEqual(rest.map(() => second));
      expect(numTensors()).toBe(before);
    });

    test("keeps blobs where they are: only the batch goes up, and only the loss that is read comes back", async () => {
      const net = await Net.load(netParam(classifier), { phase: "TEST", device, seed: 1 });
      for (let i = 0; i < net.layers.length; i++) {
        if (net.layers[i]!.type !== "Input") expect(net.runsOnDevice(i)).toBe(true);
      }
      const x = net.blobs.get("x")!;
      const fill = (value: number) => x.set(new Float32Array(x.count).fill(value));
      fill(1);
      await net.run();
      fill(2);
      const pass = await bytesOf(device, () => net.runUnread());
      // Labels are looked at by the host, which has them from the first pass.
      expect(pass).toEqual({ up: 4 * x.count, down: 4 * 2 });
      expect(await bytesOf(device, () => net.readLosses(1))).toEqual({ up: 0, down: 4 });
      net.dispose();
    });

    test("gives a layer of the host only what it looks at, and takes back what it wrote", async () => {
      const text = `${input("x", 2, 3)}
        layer { name: "a" type: "TanH" bottom: "x" top: "a" }
        layer { name: "max" type: "ArgMax" bottom: "a" top: "m" argmax_param { axis: 1 } }
        layer { name: "b" type: "TanH" bottom: "m" top: "b" }`;
      const net = await Net.load(netParam(text), { device });
      net.blobs.get("x")!.set([1, 3, 2, 3, 2, 1]);
      const { up, down } = await bytesOf(device, () => net.runUnread());
      expect([net.runsOnDevice(1), net.runsOnDevice(2)]).toEqual([true, false]);
      expect({ up, down }).toEqual({ up: 4 * 6 + 4 * 2, down: 4 * 6 });
      const { b } = await net.forward();
      expectClose(b!, [Math.tanh(1), 0]);
      net.dispose();
    });

    test("says which layer it was when TensorFlow.js fails, in one line", async () => {
      const text = `${input("x", 2, 3)} layer { name: "big" type: "TanH" bottom: "x" top: "y" }`;
      const net = await Net.load(netParam(text), { device });
      // As it does when a GPU has no more memory.
      device.tensors.setData = () => {
        throw new Error("OOM when allocating tensor with shape[2,3]\nHint: more lines");
      };
      const passed = net.run();
      await expect(passed).rejects.toThrow(
        /^layer "big" \(TanH\): TensorFlow\.js says: OOM when allocating tensor with shape\[2,3\]$/,
      );
      Reflect.deleteProperty(device.tensors, "setData");
      net.dispose();
    });
  });

  describe("a custom layer", () => {
    test("computes with tensors that never leave the device, forward and backward", async () => {
      const layers = folderWith({ "double.ts": DOUBLE });
      const run = async (where: Device | "cpu") => {
        const net = await Net.load(netParam(doubled), { layers, device: where, phase: "TRAIN" });
        net.blobs.get("x")!.set([1, -2, 0.5, 0.1, -0.3, 2]);
        const diffs = { b: [1, 2, 3, 4, 5, 6] };
        await net.run();
        await net.backward(diffs);
        const bytes = await bytesOf(device, async () => {
          await net.runUnread();
          await net.backward();
        });
        await net.sync();
        const found = ["d", "b"].map((name) => net.blobs.get(name)!.data.slice());
        const gradient = net.blobs.get("x")!.diff.slice();
        net.dispose();
        return { bytes, values: [...found, gradient] };
      };
      const [own, expected] = [await run(device), await run("cpu")];
      own.values.forEach((values, i) => {
        expectClose(values, expected.values[i]!);
      });
      expect(own.bytes).toEqual({ up: 0, down: 0 });
    });

    test("may set its top to a tensor of integers, and keep its own tensor", async () => {
      const code = `
        import { type Blob, Layer } from "cortado";
        export class Best extends Layer {
          override reshape([x]: [Blob], [y]: [Blob]) { y.reshape(x.shape[0]!); }
          override forward([x]: [Blob], [y]: [Blob]) {
            const best = x.tensor().argMax(1);
            y.set(best);
            y.set(y.tensor().add(best));
          }
          override backward() {}
        }`;
      const text = `${input("x", 2, 3)}
        layer { name: "best" type: "Python" bottom: "x" top: "y" python_param { module: "best" layer: "Best" } }`;
      const layers = folderWith({ "best.ts": code });
      const net = await Net.load(netParam(text), { layers, device });
      const { y } = await net.forward({ x: [1, 3, 2, 1, 2, 3] });
      expect([...y!]).toEqual([2, 4]);
      net.dispose();
    });
  });

  describe("trains as the CPU does", () => {
    const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
    test.each(seeds)("random net %d, each solver type in turn", async (seed) => {
      const type = solverTypes[seed % solverTypes.length]!;
      const momentum = /AdaGrad|RMSProp/.test(type) ? "" : "momentum: 0.9";
      const random = createRandom(seed);
      const param = solverParam(
        `type: "${type}" base_lr: 0.05 lr_policy: "fixed" ${momentum} random_seed: ${seed}
         max_iter: 10 snapshot_after_train: false weight_decay: ${random.bernoulli(0.5) ? 0 : 0.01}
         clip_gradients: ${random.bernoulli(0.5) ? -1 : 0.5} iter_size: ${1 + random.integer(1)}
         delta: 0.001 regularization_type: "${random.bernoulli(0.5) ? "L1" : "L2"}"
         momentum2: 0.99 rms_decay: 0.9`,
      );
      const text = randomNet(seed);
      const train = async (where: Device | "cpu") => {
        const solver = await Solver.load({ ...param, netParam: netParam(text) }, { device: where });
        feed(solver);
        await solver.step(5);
        await solver.net.sync();
        return solver;
      };
      const [own, expected] = [await train(device), await train("cpu")];
      for (const [name, blobs] of expected.net.params) {
        blobs.forEach((blob, i) => {
          const values = own.net.params.get(name)![i]!.data;
          expectClose(values, blob.data, { rtol: 1e-4, atol: 1e-5 });
        });
      }
      for (const [i, blob] of expected.history.entries()) {
        const values = (await own.history[i]!.sync()).data;
        expectClose(values, blob.data, { rtol: 1e-3, atol: 1e-5 });
      }
      own.dispose();
      expected.dispose();
    });

    test("the tutorial's kind of net, with Dice: the same losses and the same Dice", async () => {
      await writeHearts(hearts);
      const [own, expected] = [await heartCurve(device, hearts), await heartCurve("cpu", hearts)];
      expect(Math.max(...expected.filter((_, i) => i % 2 === 1))).toBeGreaterThan(0.05);
      expectClose(own, expected, { rtol: 2e-3, atol: 2e-3 });
    }, 60_000);
  });
});
