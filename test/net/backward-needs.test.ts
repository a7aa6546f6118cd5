import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

let device: Device;
beforeAll(() => {
  device = openCpuDevice({ threads: 1 });
});
afterAll(() => device.dispose());

const INPUT = `layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 2 dim: 3 } } }`;
const layer = (name: string, type: string, bottoms: string, top: string, more = "") => {
  const all = bottoms.split(" ").map((bottom) => `bottom: "${bottom}"`);
  return `layer { name: "${name}" type: "${type}" ${all.join(" ")} top: "${top}" ${more} }`;
};
const product = (name: string, bottom: string, top: string, more = "") =>
  layer(name, "InnerProduct", bottom, top, `inner_product_param { num_output: 3 } ${more}`);

/** The layers that run backward, each with a bit for each bottom that gets a gradient. */
async function needs(...layers: string[]): Promise<string[]> {
  const message = parsePrototxt(INPUT + layers.join("\n"), { message: "NetParameter" });
  const net = await Net.load(message, { phase: "TRAIN", device });
  const running = net.layers.filter((l) => l.needsBackward);
  net.dispose();
  return running.map((l) => `${l.name} ${l.propagateDown.map(Number).join("")}`.trim());
}

const LOSS = layer("loss", "EuclideanLoss", "y t", "l");
const FIXED = "param { lr_mult: 0 } param { lr_mult: 0 }";

test("only what lies between a parameter that learns and a loss runs backward", async () => {
  const tail = layer("act", "TanH", "h", "y");
  expect(await needs(layer("act", "TanH", "x", "y"), LOSS)).toEqual([]);
  expect(await needs(product("ip", "x", "y"))).toEqual([]);
  expect(await needs(product("ip", "x", "h"), tail, LOSS)).toEqual(["ip 0", "act 1", "loss 10"]);
  expect(await needs(product("ip", "x", "h", FIXED), tail, LOSS)).toEqual([]);
  expect(await needs(product("ip", "x", "h", "param { lr_mult: 0 }"), tail, LOSS)).toEqual([
    "ip 0",
    "act 1",
    "loss 10",
  ]);
});

test("both sides of a loss that can do so pass a gradient on", async () => {
  const both = layer("loss", "EuclideanLoss", "a b", "l");
  expect(await needs(product("p", "x", "a"), product("q", "t", "b"), both)).toEqual([
    "p 0",
    "q 0",
    "loss 11",
  ]);
});

test("a loss weight makes any top a loss, and a weight of 0 makes a loss none", async () => {
  const weighted = product("ip", "x", "y", "loss_weight: 2");
  expect(await needs(weighted)).toEqual(["ip 0"]);
  const idle = layer("loss", "EuclideanLoss", "y t", "l", "loss_weight: 0");
  expect(await needs(product("ip", "x", "y"), idle)).toEqual([]);
});

test("propagate_down false stops the gradient, and with it what lies behind", async () => {
  const stop = layer("act", "TanH", "h", "y", "propagate_down: false");
  // TanH itself runs, as in Caffe, for nothing.
  expect(await needs(product("ip", "x", "h"), stop, LOSS)).toEqual(["act 0", "loss 10"]);
  const second = product("ip2", "h", "y", "propagate_down: false");
  expect(await needs(product("ip", "x", "h"), second, LOSS)).toEqual(["ip2 0", "loss 10"]);
});

test("propagate_down true sends a gradient where nobody learns, if the layer runs at all", async () => {
  const push = "propagate_down: true";
  expect(await needs(layer("act", "TanH", "x", "y", push), LOSS)).toEqual([]);
  expect(await needs(product("ip", "x", "y", push), LOSS)).toEqual(["ip 1", "loss 10"]);
});

test("force_backward runs everything, into every bottom that allows it", async () => {
  const hinge = layer("loss", "HingeLoss", "y t", "l");
  const act = layer("act", "TanH", "x", "y");
  const force = "force_backward: true";
  expect(await needs(force, act, LOSS)).toEqual(["in", "act 1", "loss 11"]);
  expect(await needs(force, act, hinge)).toEqual(["in", "act 1", "loss 10"]);
});
