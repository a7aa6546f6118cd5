import { describe, expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import type { BlobProto, NetParameter } from "../../src/schema/index.ts";
import { createMessage } from "../../src/schema/index.ts";
import { netParam } from "../support/solver.ts";

const weight: BlobProto = { shape: { dim: [2, 3] }, data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const bias: BlobProto = { shape: { dim: [2] }, data: Float32Array.of(-1, 1) };

function netWith(blobs: readonly BlobProto[]): NetParameter {
  const net = netParam(`
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
      inner_product_param { num_output: 2 } }
    layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
  `);
  net.layer[1]!.blobs = [...blobs];
  return net;
}

async function outputOf(param: NetParameter): Promise<number[]> {
  const net = await Net.load(param, { phase: "TEST", threads: 1 });
  const { y } = await net.forward({ x: [1, 1, 1] });
  const output = [...y!];
  net.dispose();
  return output;
}

describe("a net whose message has values", () => {
  test("starts with them, whichever form they have", async () => {
    expect(await outputOf(netWith([weight, bias]))).toEqual([5, 16]);
    const old = [
      { num: 1, channels: 1, height: 2, width: 3, data: weight.data! },
      { num: 1, channels: 1, height: 1, width: 2, doubleData: Float64Array.of(-2, 2) },
    ];
    expect(await outputOf(netWith(old))).toEqual([4, 17]);
  });

  test("has the gradients, too", async () => {
    const diff = Float32Array.of(9, 8);
    const net = await Net.load(netWith([weight, { ...bias, diff }]), { threads: 1 });
    expect([...net.params.get("ip")![1]!.diff]).toEqual([9, 8]);
    net.dispose();
  });

  test("may have values in layers that learn nothing, which are left out", async () => {
    const net = netWith([weight, bias]);
    net.layer[2] = createMessage("LayerParameter", { ...net.layer[2], blobs: [bias] });
    expect(await outputOf(net)).toEqual([5, 16]);
  });

  test.each([
    [[weight], "Incorrect number of weight blobs: the layer has 2, its message 1"],
    [
      [{ ...weight, shape: { dim: [3, 2] } }, bias],
      "Incorrect weight shape: expected shape 2 3 (6); instead, shape was 3 2 (6)",
    ],
    [
      [weight, { shape: { dim: [3] }, data: new Float32Array(3) }],
      "Incorrect bias shape: expected shape 2 (2); instead, shape was 3 (3)",
    ],
    [
      [weight, { shape: { dim: [2] } }],
      "blob 1 has the shape 2 (2), but 0 values; the file is damaged",
    ],
  ])("is refused in Caffe's words where they do not fit", async (blobs, message) => {
    await expect(Net.load(netWith(blobs), { threads: 1 })).rejects.toThrow(
      `layer "ip" (InnerProduct): ${message}`,
    );
  });
});
