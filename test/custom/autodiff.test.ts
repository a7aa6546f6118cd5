import { expect, test } from "vitest";
import { tensorflow } from "../../src/core/tensor.ts";
import { CustomLayerError } from "../../src/errors.ts";
import { folderWith, rigOf } from "./support.ts";

const X = [1, -2, 3];
const Z = [4, 5, 6];

/** A layer with autodiff, bottoms x and z of shape 3, top y of shape 3 and top s of shape 1. */
async function rigWith(forward: string, setup = "") {
  const source = `import { Layer } from "cortado";\nimport * as tf from "@tensorflow/tfjs-core";
export class A extends Layer {
  static autodiff = true;
  setup() { ${setup} }
  reshape(bottom, top) { top[0].reshape(3); top[1].reshape(1); }
  forward([x, z], [y, s]) {
    ${forward}
  }
}`;
  const rig = await rigOf({
    module: "a",
    className: "A",
    path: [folderWith({ "a.ts": source })],
    bottoms: [
      { shape: [3], values: X },
      { shape: [3], values: Z },
    ],
    tops: 2,
  });
  rig.tops[0]!.setDiff([1, 10, 100]);
  rig.tops[1]!.setDiff(1000);
  const backward = (...propagateDown: boolean[]) => {
    rig.layer.backward(rig.tops, propagateDown, rig.bottoms);
    return rig.bottoms.map(({ diff }) => [...diff]);
  };
  return { ...rig, backward };
}

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CustomLayerError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("derives the gradient over several bottoms and tops", async () => {
  const { run, backward, tops } = await rigWith(
    "y.set(x.tensor().mul(z.tensor())); s.set(x.tensor().square().sum());",
  );
  expect(run()).toEqual([4, -10, 18]);
  expect([...tops[1]!.data]).toEqual([14]);
  // dE/dx = z dE/dy + 2 x dE/ds, dE/dz = x dE/dy
  const [dx, dz] = backward(true, true);
  expect(dx).toEqual([4 + 2000, 50 - 4000, 600 + 6000]);
  expect(dz).toEqual([1, -20, 300]);
  expect([...tops[0]!.data]).toEqual([4, -10, 18]);
});

test("leaves the diffs of bottoms alone that do not propagate down, and may read their data", async () => {
  const { bottoms, backward } = await rigWith(
    "y.set(x.tensor().mul(z.data[0])); s.set(x.tensor().sum().mul(0));",
  );
  bottoms[1]!.setDiff(7);
  expect(backward(true, false)).toEqual([
    [4, 40, 400],
    [7, 7, 7],
  ]);
});

test("gives zeros to a bottom that the tops do not depend on", async () => {
  const { bottoms, backward } = await rigWith("y.set(x.tensor()); s.set(x.tensor().max());");
  bottoms[1]!.setDiff(7);
  expect(backward(true, true)).toEqual([
    [1, 10, 1100],
    [0, 0, 0],
  ]);
});

test("adds to the diffs of learnable blobs, but of those whose lr_mult is 0", async () => {
  const { layer, backward } = await rigWith(
    "y.set(x.tensor().mul(this.w.tensor()).add(this.blobs[1].tensor())); s.set(tf.zeros([1]));",
    'this.w = this.addBlob([1], { type: "constant", value: 2 }); this.addBlob([1]);',
  );
  const [weight, bias] = layer.blobs;
  weight!.setDiff(5);
  expect(backward(true, false)[0]).toEqual([2, 20, 200]);
  expect([weight!.diff[0], bias!.diff[0]]).toEqual([5 + 1 - 20 + 300, 111]);
  layer.paramPropagateDown = [false, true];
  backward(false, false);
  expect([weight!.diff[0], bias!.diff[0]]).toEqual([286, 222]);
});

test("refuses the ways around the tape, at the line that takes them", async () => {
  const s = "s.set(x.tensor().sum());";
  const cases: [string, RegExp][] = [
    [`y.set(tf.tensor(x.data)); ${s}`, /reads what has a gradient with tensor\(\), not with data$/],
    [`y.data[0] = 1; ${s}`, /writes its tops with set\(tensor\), not through data$/],
    [`y.set([1, 2, 3]); ${s}`, /writes its tops with set\(tensor\), not with numbers$/],
  ];
  for (const [forward, message] of cases) {
    const { backward } = await rigWith(forward);
    const text = messageOf(() => backward(true, false));
    expect(text).toMatch(
      /a\.ts:8:\d+: layer "custom" \(Python, A\.forward\): the forward of a layer/,
    );
    expect(text).toMatch(message);
  }
});

test("says which top was not set, and when no gradient leads to any", async () => {
  const forgotten = await rigWith("y.set(x.tensor());");
  expect(messageOf(() => forgotten.backward(true, false))).toMatch(
    /the forward of a layer with autodiff sets every top with a tensor, but not top\[1\]$/,
  );
  const broken = await rigWith("y.set(tf.tensor(x.tensor().dataSync())); s.set(tf.zeros([1]));");
  expect(messageOf(() => broken.backward(true, false))).toMatch(/no gradient can be derived: /);
  const step = await rigWith("y.set(x.tensor().greater(0).cast('float32')); s.set(tf.zeros([1]));");
  expect(messageOf(() => step.backward(true, false))).toMatch(
    /a\.ts: .*gradient function not found for Greater/,
  );
});

test("gives the blobs back as they were, even after an error", async () => {
  const { backward, bottoms, tops } = await rigWith("y.set(x.tensor()); throw new Error('no');");
  messageOf(() => backward(true, true));
  expect([...bottoms[0]!.data]).toEqual(X);
  tops[0]!.set(3);
  expect([...tops[0]!.data]).toEqual([3, 3, 3]);
});

test("leaves no tensor behind in 100 iterations", async () => {
  const { numTensors } = tensorflow().memory();
  const { run, backward } = await rigWith("y.set(x.tensor().exp()); s.set(x.tensor().sum());");
  for (let i = 0; i < 100; i++) {
    run();
    backward(true, true);
  }
  expect(tensorflow().memory().numTensors).toBe(numTensors);
});
