import { expect, test } from "vitest";
import { openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

/** A chain with a skip connection, an in-place layer, a Reshape and a loss. */
const text = `
  layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
  ${chain(6)}
  layer { name: "relu" type: "ReLU" bottom: "c6" top: "c6" }
  layer { name: "sum" type: "Eltwise" bottom: "c6" bottom: "c2" top: "sum" }
  layer { name: "flat" type: "Flatten" bottom: "sum" top: "flat" }
  layer { name: "soft" type: "Softmax" bottom: "flat" top: "soft" }`;

function chain(n: number): string {
  return Array.from(
    { length: n },
    (_, i) =>
      `layer { name: "c${i + 1}" type: "Power" bottom: "${i ? `c${i}` : "x"}" top: "c${i + 1}"
       power_param { scale: 1.5 shift: ${i}.25 } }`,
  ).join("\n");
}

test("a net for inference gives the same outputs in less memory", async () => {
  const device = openCpuDevice({ threads: 1 });
  const input = Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i));
  const run = async (outputsOnly: boolean) => {
    const before = device.heap.usedBytes;
    const net = await Net.load(parsePrototxt(text, { message: "NetParameter" }), {
      phase: "TEST",
      device,
      outputsOnly,
    });
    await net.forward({ x: input });
    const { soft } = await net.forward({ x: input });
    const result = { values: soft!.slice(), bytes: device.heap.usedBytes - before };
    net.dispose();
    expect(device.heap.usedBytes).toBe(before);
    return result;
  };
  const all = await run(false);
  const few = await run(true);
  expect(few.values).toEqual(all.values);
  expect(few.bytes).toBeLessThan(0.7 * all.bytes);
  device.dispose();
});
