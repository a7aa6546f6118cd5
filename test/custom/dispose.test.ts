import { join } from "node:path";
import { expect, test } from "vitest";
import { openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { folderWith } from "./support.ts";

/** Layers that note in a global list that they were disposed of; their classes differ in where they fail. */
const FILE = `import { Layer } from "cortado";
const closed = (globalThis.closedLayers ??= []);
export class Fine extends Layer {
  setup() { this.addBlob([64]).data.fill(1); }
  reshape(bottom, top) { top[0].reshape(1); }
  forward(bottom, top) {}
  dispose() { closed.push(this.name); }
}
export class Stuck extends Fine { dispose() { super.dispose(); throw new Error("the door is stuck"); } }
export class NoSetup extends Fine { setup() { super.setup(); throw new Error("no setup"); } }
export class NoPrepare extends Fine { async prepare() { throw new Error("no prepare"); } }
export class NoSetupStuck extends Stuck { setup() { throw new Error("no setup"); } }
`;

const device = openCpuDevice({ threads: 1 });

function closedLayers(): string[] {
  const list: unknown = Reflect.get(globalThis, "closedLayers");
  return Array.isArray(list) ? list.splice(0).map(String) : [];
}

function load(...classes: string[]): Promise<Net> {
  const layers = classes.map(
    (name, i) => `layer { name: "${i} ${name}" type: "Python" top: "top${i}"
      python_param { module: "layers" layer: "${name}" } }`,
  );
  const param = parsePrototxt(layers.join("\n"), { message: "NetParameter" });
  const folder = folderWith({ "layers.ts": FILE });
  return Net.load(param, { device, layers: join(folder, "layers.ts") });
}

test.each([
  ["NoSetup", "no setup"],
  ["NoPrepare", "no prepare"],
  ["NoSetupStuck", "no setup"],
])("layers of a net close what they have opened when one of them is %s", async (name, problem) => {
  const before = device.heap.usedBytes;
  await expect(load("Fine", "Stuck", name)).rejects.toThrow(problem);
  expect(closedLayers().sort()).toEqual(["0 Fine", "1 Stuck", `2 ${name}`]);
  expect(device.heap.usedBytes).toBe(before);
});

test("a layer that cannot be disposed of keeps no other one from it", async () => {
  const before = device.heap.usedBytes;
  const net = await load("Fine", "Stuck", "Fine");
  expect(() => net.dispose()).toThrow("the door is stuck");
  expect(closedLayers()).toEqual(["0 Fine", "1 Stuck", "2 Fine"]);
  expect(device.heap.usedBytes).toBe(before);
  net.dispose();
});
