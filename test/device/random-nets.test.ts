import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { type SolverType, solverTypes } from "../../src/solver/solver-types.ts";
import { Solver } from "../../src/solver/index.ts";
import { openFakeDevice } from "../support/fake-device.ts";
import { drawer } from "../support/nd.ts";
import { randomNet } from "../support/random-net.ts";
import { expectSameBits } from "../support/same-bits.ts";
import { feed, netParam, solverParam } from "../support/solver.ts";

let cpu: Device;
beforeAll(() => {
  cpu = openCpuDevice({ threads: 1 });
});
afterAll(() => cpu.dispose());

const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

/** A device that has some of a net's layers; which ones, the seed says. */
function patchyDevice(seed: number) {
  const d = drawer(createRandom(seed));
  const share = d.pick(0, 0.3, 0.5, 0.8, 1);
  return openFakeDevice({ cpu, needsSync: d.chance(0.5), has: () => d.chance(share) });
}

async function expectSameBlobs(net: Net, expected: Net, what: string): Promise<void> {
  await net.sync();
  for (const [name, blob] of expected.blobs) {
    const own = net.blobs.get(name)!;
    expectSameBits(own.data, blob.data, `${name} ${what}`);
    if (blob.hasDiff) expectSameBits(own.diff, blob.diff, `diff of ${name} ${what}`);
  }
  for (const [name, blobs] of expected.params) {
    for (const [i, blob] of blobs.entries()) {
      const own = net.params.get(name)![i]!;
      expectSameBits(own.data, blob.data, `${name}[${i}] ${what}`);
      if (blob.hasDiff) expectSameBits(own.diff, blob.diff, `diff of ${name}[${i}] ${what}`);
    }
  }
}

describe("a device that has any of the layers computes what the CPU computes, bit by bit", () => {
  test.each(seeds)("net %d, forward and backward, twice", async (seed) => {
    const text = randomNet(seed);
    const options = { phase: "TRAIN", seed } as const;
    const expected = await Net.load(netParam(text), { ...options, device: cpu });
    const net = await Net.load(netParam(text), { ...options, device: patchyDevice(seed) });
    for (const pass of [1, 2]) {
      for (const one of [expected, net]) {
        const random = createRandom(seed + pass);
        for (const name of one.inputs) {
          const blob = one.blobs.get(name)!;
          blob.set(Float32Array.from({ length: blob.count }, () => random.uniform(-1, 1)));
        }
        await one.run();
        if (pass === 1) one.clearParamDiffs();
        await one.backward();
      }
      expect(net.loss).toBeCloseTo(expected.loss, 5);
      await expectSameBlobs(net, expected, `in pass ${pass} of\n${text}`);
    }
    net.dispose();
    expected.dispose();
  });

  test.each(seeds.slice(0, 24))("net %d, trained by each solver type in turn", async (seed) => {
    const type: SolverType = solverTypes[seed % solverTypes.length]!;
    const d = drawer(createRandom(seed));
    const momentum = /AdaGrad|RMSProp/.test(type) ? "" : "momentum: 0.9";
    const param = solverParam(
      `type: "${type}" base_lr: 0.05 lr_policy: "fixed" ${momentum} random_seed: ${seed}
       max_iter: 10 snapshot_after_train: false weight_decay: ${d.pick(0, 0.01)}
       clip_gradients: ${d.pick(-1, 0.5)} iter_size: ${d.pick(1, 2)} delta: 0.001
       regularization_type: "${d.pick("L1", "L2")}" momentum2: 0.99 rms_decay: 0.9`,
    );
    const text = randomNet(seed);
    const train = async (device: Device) => {
      const solver = await Solver.load({ ...param, netParam: netParam(text) }, { device });
      feed(solver);
      await solver.step(5);
      return solver;
    };
    const expected = await train(cpu);
    const solver = await train(patchyDevice(seed));
    await expectSameBlobs(solver.net, expected.net, `after 5 iterations of\n${text}`);
    for (const [i, blob] of expected.history.entries()) {
      const own = await solver.history[i]!.sync();
      expectSameBits(own.data, blob.data, `history ${i} of\n${text}`);
    }
    solver.dispose();
    expected.dispose();
  });
});
