import { describe, expect, test } from "vitest";
import {
  copyMessage,
  createMessage,
  excerptOf,
  locationOf,
  parsePrototxt,
  withDefaults,
} from "../../src/schema/index.ts";

const text = `name: "n"
layer {
  name: "pool1"
  type: "Pooling"
  pooling_param {
    kernel_h: 2
  }
}
`;
const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
const layer = net.layer[0]!;

describe("a parsed message", () => {
  test("has absent fields left out and lists always there", () => {
    expect(layer).toEqual({
      name: "pool1",
      type: "Pooling",
      bottom: [],
      top: [],
      lossWeight: [],
      param: [],
      blobs: [],
      include: [],
      exclude: [],
      propagateDown: [],
      poolingParam: { kernelH: 2 },
    });
  });

  test("knows where it stands in its file", () => {
    const place = (line: number, column: number) => ({ file: "net.prototxt", line, column });
    expect(locationOf(net)).toEqual(place(1, 1));
    expect(locationOf(layer)).toEqual(place(2, 1));
    expect(locationOf(layer, "type")).toEqual(place(4, 3));
    expect(locationOf(layer, "poolingParam.kernelH")).toEqual(place(6, 5));
    expect(locationOf(layer.poolingParam!, "kernelH")).toEqual(place(6, 5));
    expect(excerptOf(layer, "type")).toBe('4 |   type: "Pooling"\n  |   ^~~~');
  });

  test("answers for an absent field with the place of what is around it", () => {
    expect(locationOf(layer, "bottom")).toEqual(locationOf(layer));
    expect(locationOf(layer, "poolingParam.padH")).toEqual(locationOf(layer.poolingParam!));
    expect(locationOf(layer, "convolutionParam.padH")).toEqual(locationOf(layer));
  });

  test("keeps its place in copies", () => {
    const copy = copyMessage(layer, { name: "other" });
    expect(copy.name).toBe("other");
    expect(layer.name).toBe("pool1");
    expect(locationOf(copy)).toEqual(locationOf(layer));
    expect(locationOf(withDefaults("LayerParameter", layer), "type")).toMatchObject({ line: 4 });
  });
});

test("a message made by hand has no place and empty lists", () => {
  const message = createMessage("LayerParameter", { name: "a" });
  expect(message.bottom).toEqual([]);
  expect(locationOf(message)).toBeUndefined();
});

describe("withDefaults", () => {
  test("fills in what the schema states, and nothing else", () => {
    expect(withDefaults("PoolingParameter", layer.poolingParam)).toEqual({
      pool: "MAX",
      stride: 1,
      pad: 0,
      padH: 0,
      padW: 0,
      kernelH: 2,
      engine: "DEFAULT",
      globalPooling: false,
      roundMode: "CEIL",
    });
    expect(layer.poolingParam).toEqual({ kernelH: 2 });
  });

  test("fills in an absent message, floats as float32", () => {
    expect(withDefaults("BatchNormParameter", undefined)).toEqual({
      movingAverageFraction: Math.fround(0.999),
      eps: Math.fround(1e-5),
    });
    expect(withDefaults("SolverParameter", undefined).randomSeed).toBe(-1);
    expect(withDefaults("LayerParameter", undefined).bottom).toEqual([]);
  });
});
