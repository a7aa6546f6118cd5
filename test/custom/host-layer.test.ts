import { expect, test } from "vitest";
import { tensorflow } from "../../src/core/tensor.ts";
import { CustomLayerError } from "../../src/errors.ts";
import { type Rig, folderWith, rigOf } from "./support.ts";

/** A layer file around some methods; its class body starts on line 3. */
const file = (body: string) =>
  `import { Layer } from "cortado";\nexport class A extends Layer {\n${body}\n}\n`;
const RESHAPE = "reshape(bottom, top) { top[0].reshape(1); }";
const FORWARD = "forward(bottom, top) {}";

function rigWith(body: string, options: { paramStr?: string; tops?: number } = {}) {
  const bottoms = [{ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }];
  const path = [folderWith({ "a.ts": file(body) })];
  return rigOf({ module: "a", className: "A", path, bottoms, ...options });
}

async function errorOf(act: () => unknown): Promise<CustomLayerError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof CustomLayerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const backward = ({ layer, tops, bottoms }: Rig) => layer.backward(tops, [true], bottoms);

test("calls setup, reshape and forward with the blobs, param_str and phase", async () => {
  const { run, tops } = await rigWith(
    `setup(bottom, top) { this.scale = JSON.parse(this.paramStr).scale; this.counts = [bottom.length, top.length]; }
     reshape(bottom, top) { top[0].reshape(...bottom[0].shape); top[1].reshape(3); }
     forward(bottom, top) {
       bottom[0].data.forEach((value, i) => { top[0].data[i] = this.scale * value; });
       top[1].set([...this.counts, this.phase === "TRAIN" && this.name === "custom" ? 1 : 0]);
     }`,
    { paramStr: '{ "scale": 10 }', tops: 2 },
  );
  expect(run()).toEqual([10, 20, 30, 40, 50, 60]);
  expect(tops[0]!.shape).toEqual([2, 3]);
  expect([...tops[1]!.data]).toEqual([1, 2, 1]);
});

test("reads param_str in field initialisers", async () => {
  const { run } = await rigWith(
    `value = Number(this.paramStr); ${RESHAPE} forward(bottom, top) { top[0].set(this.value); }`,
    { paramStr: "7" },
  );
  expect(run()).toEqual([7]);
});

test("runs backward, and leaves diffs as they are where it writes none", async () => {
  const explicit = await rigWith(`${RESHAPE} ${FORWARD}
    backward(top, propagateDown, bottom) { if (propagateDown[0]) bottom[0].setDiff(top[0].diff[0]); }`);
  explicit.tops[0]!.setDiff(3);
  backward(explicit);
  expect([...explicit.bottoms[0]!.diff]).toEqual([3, 3, 3, 3, 3, 3]);

  const empty = await rigWith(`${RESHAPE} ${FORWARD} backward() {}`);
  empty.bottoms[0]!.setDiff(5);
  backward(empty);
  expect([...empty.bottoms[0]!.diff]).toEqual([5, 5, 5, 5, 5, 5]);
});

test("asks for a backward when the loss depends on a layer without one", async () => {
  const rig = await rigWith(`${RESHAPE} ${FORWARD}`);
  const { message } = await errorOf(() => backward(rig));
  expect(message).toMatch(
    /a\.ts: layer "custom" \(Python, A\.backward\): the loss depends on this layer, but its class has no backward\. Write backward\(/,
  );
});

test("gives learnable blobs, filled, to the net", async () => {
  const { layer, run } = await rigWith(`
    setup() { this.weight = this.addBlob([2, 2], { type: "constant", value: 3 }); this.addBlob([1]); }
    ${RESHAPE}
    forward(bottom, top) { top[0].set(this.blobs.length + this.weight.data[3]); }`);
  expect(layer.blobs.map(({ shape }) => shape)).toEqual([[2, 2], [1]]);
  expect(run()).toEqual([5]);
});

test("refuses blobs added after setup", async () => {
  const rig = await rigWith(`${RESHAPE} forward() {\n    this.addBlob([1]); }`);
  const { message } = await errorOf(rig.run);
  expect(message).toMatch(
    /a\.ts:4:10: .*A\.forward\): addBlob belongs in setup: the net has its blobs already$/,
  );
});

test("reports what each method throws with file, line, column, layer and method", async () => {
  const boom = (method: string) => `${method}(bottom, top) {\n    throw new Error("boom");\n  }`;
  const cases = {
    constructor: [boom("constructor").replace("throw", "super(bottom); throw"), RESHAPE, FORWARD],
    setup: [boom("setup"), RESHAPE, FORWARD],
    reshape: [boom("reshape"), FORWARD],
    forward: [boom("forward"), RESHAPE],
    backward: [boom("backward"), RESHAPE, FORWARD],
  };
  for (const [method, body] of Object.entries(cases)) {
    const error = await errorOf(async () => {
      const rig = await rigWith(body.join("\n"));
      rig.run();
      backward(rig);
    });
    expect(error.message).toContain(`layer "custom" (Python, A.${method}): boom`);
    expect(error.location).toMatchObject({ line: 4, column: method === "constructor" ? 26 : 11 });
    expect(error.excerpt).toMatch(/throw new Error\("boom"\);\n +\^$/);
  }
});

test("names the kind of error where the layer is wrong rather than unhappy", async () => {
  const rig = await rigWith(`${RESHAPE} forward(bottom) {\n    bottom[7].data[0] = 1; }`);
  const { message, cause } = await errorOf(rig.run);
  expect(message).toMatch(
    /a\.ts:4:15: layer "custom" \(Python, A\.forward\): TypeError: Cannot read properties of undefined \(reading 'data'\); the prototxt gives this layer 1 bottom\(s\) and 1 top\(s\)$/,
  );
  expect(cause).toBeInstanceOf(TypeError);
});

test("says how values are written where a layer assigns to data", async () => {
  const rig = await rigWith(`${RESHAPE} forward(bottom, top) {\n    top[0].data = [1]; }`);
  const { message } = await errorOf(rig.run);
  expect(message).toMatch(
    /a\.ts:4:12: .*has only a getter; values are written with set\(values\), setDiff\(values\) or data\[i\] = value$/,
  );
});

test("reports what TensorFlow.js refuses at the line of the layer that asked for it", async () => {
  const rig = await rigWith(
    `${RESHAPE} forward(bottom) {\n    bottom[0].tensor().matMul(bottom[0].tensor()); }`,
  );
  const { message } = await errorOf(rig.run);
  expect(message).toMatch(/a\.ts:4:24: .*A\.forward\): Error in matMul: inner shapes/);
});

test("reports what is no error, and what has no line, with the file", async () => {
  const rig = await rigWith(`${RESHAPE} forward() { throw "a text"; }`);
  expect((await errorOf(rig.run)).message).toMatch(
    /a\.ts: layer "custom" \(Python, A\.forward\): a text$/,
  );
});

test("says that reshape has forgotten a top", async () => {
  const { message } = await errorOf(() => rigWith(`${RESHAPE} ${FORWARD}`, { tops: 2 }));
  expect(message).toMatch(
    /a\.ts: layer "custom" \(Python, A\.reshape\): top\[1\] got no shape\. Call top\[1\]\.reshape\(\.\.\.\), with 1 for one number$/,
  );
});

test("refuses an impossible shape, and values that do not fit, at their lines", async () => {
  const shape = await errorOf(() =>
    rigWith(`reshape(bottom, top) {\n    top[0].reshape(2.5); } ${FORWARD}`),
  );
  expect(shape.message).toMatch(/a\.ts:4:12: .*A\.reshape\): a blob cannot have the shape 2\.5$/);
  const rig = await rigWith(
    `${RESHAPE} forward(bottom, top) {\n    top[0].set(bottom[0].tensor()); }`,
  );
  const values = await errorOf(rig.run);
  expect(values.message).toMatch(/a\.ts:4:12: .*: 6 values do not fit a blob of shape 1 \(1\)$/);
});

test("keeps tensors between calls with tf.keep, and advises it when one was freed", async () => {
  const freed = await rigWith(`setup(bottom) { this.x = bottom[0].tensor(); } ${RESHAPE}
    forward(bottom, top) { top[0].set(this.x.sum()); }`);
  expect((await errorOf(freed.run)).message).toMatch(
    /a\.ts:4:46: .*this tensor was freed when the method that made it returned or awaited; tf\.keep\(tensor\) saves it$/,
  );
  const kept = await rigWith(`
    setup(bottom) { this.x = keep(bottom[0].tensor()); } ${RESHAPE}
    forward(bottom, top) { top[0].set(this.x.sum()); if (top[0].data[0] === 21) this.x.dispose(); }
  } import { keep } from "@tensorflow/tfjs-core"; {`);
  expect(kept.run()).toEqual([21]);
});

test("refuses an async method instead of going on without it", async () => {
  const rig = await rigWith(`${RESHAPE} async forward() { throw new Error("later"); }`);
  const { message } = await errorOf(rig.run);
  expect(message).toMatch(
    /A\.forward\): forward is async, but only setup and prepare are waited for: read files in prepare, and tensors with dataSync\(\)$/,
  );
});

test("waits for an async setup and prepare, and places what they throw later", async () => {
  const rig = await rigWith(`
    async setup() { await null; this.blob = this.addBlob([1], { type: "constant", value: 3 }); }
    async prepare(bottom, top) { await null; this.ready = (this.ready ?? 0) + bottom[0].count * top.length; }
    ${RESHAPE}
    forward(bottom, top) { top[0].set([this.ready + this.blob.data[0]]); }`);
  expect(rig.run()).toEqual([9]);
  await rig.layer.prepare!();
  expect(rig.run()).toEqual([15]);

  const inSetup = await errorOf(() =>
    rigWith(`async setup() {\n    await null; throw new Error("late"); } ${RESHAPE} ${FORWARD}`),
  );
  expect(inSetup.message).toMatch(/a\.ts:4:23: layer "custom" \(Python, A\.setup\): late$/);
  const inPrepare = await errorOf(() =>
    rigWith(`async prepare() {\n    await null; throw new Error("late"); } ${RESHAPE} ${FORWARD}`),
  );
  expect(inPrepare.message).toMatch(/a\.ts:4:23: layer "custom" \(Python, A\.prepare\): late$/);
});

test("has only the hooks that the class has", async () => {
  const { layer } = await rigWith(`${RESHAPE} ${FORWARD}`);
  expect([layer.prepare, layer.saveState, layer.restoreState, layer.dispose]).toEqual(
    new Array(4).fill(undefined),
  );
});

test("leaves no tensor behind in 100 iterations, even of a layer that throws", async () => {
  const { numTensors } = tensorflow().memory();
  const rig = await rigWith(`
    reshape(bottom, top) { top[0].reshape(1); bottom[0].tensor(); }
    forward(bottom, top) { top[0].set(bottom[0].tensor().square().sum()); }
    backward(top, wanted, bottom) {
      bottom[0].setDiff(bottom[0].tensor().mul(2).mul(top[0].diffTensor()));
      if (top[0].diff[0] === 99) throw new Error("99");
    }`);
  for (let i = 0; i < 100; i++) {
    rig.run();
    rig.tops[0]!.setDiff(i);
    if (i < 99) backward(rig);
    else await errorOf(() => backward(rig));
  }
  expect(tensorflow().memory().numTensors).toBe(numTensors);
});
