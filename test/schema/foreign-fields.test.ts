import { describe, expect, test } from "vitest";
import {
  copyMessage,
  createMessage,
  decodeMessage,
  encodeMessage,
  type LayerParameter,
} from "../../src/schema/index.ts";

/** A LayerParameter of a type, followed by further bytes. */
function layerBytes(type: string, ...rest: number[]): Uint8Array {
  return Uint8Array.of(0x12, type.length, ...Buffer.from(type), ...rest);
}

/** A length-delimited field of a number. */
function field(number: number, ...content: number[]): number[] {
  const tag: number[] = [];
  let rest = number * 8 + 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) tag.push((rest % 128) + 128);
  return [...tag, rest, content.length, ...content];
}

const read = (bytes: Uint8Array): LayerParameter => decodeMessage("LayerParameter", bytes);
const write = (layer: LayerParameter): Uint8Array => encodeMessage("LayerParameter", layer);

const ORDER = [8, 0, 8, 2, 8, 1];

describe("settings of other forks' layers in binary files", () => {
  test("are read under the fork's number in a layer of the fork's type", () => {
    const bytes = layerBytes("Permute", ...field(202, ...ORDER));
    const layer = read(bytes);
    expect(layer.permuteParam?.order).toEqual([0, 2, 1]);
    expect(write(layer)).toEqual(bytes);
  });

  test("are written under the fork's number when they came from a text", () => {
    const permuteParam = createMessage("PermuteParameter", { order: [0, 2, 1] });
    const layer = createMessage("LayerParameter", { type: "Permute", permuteParam });
    expect(write(layer)).toEqual(layerBytes("Permute", ...field(202, ...ORDER)));
  });

  test("are written under cortado's number in a layer of another type, and read back", () => {
    const permuteParam = createMessage("PermuteParameter", { order: [0, 2, 1] });
    const layer = createMessage("LayerParameter", { type: "Flatten", permuteParam });
    expect(write(layer)).toEqual(layerBytes("Flatten", ...field(300001, ...ORDER)));
    expect(read(write(layer))).toEqual(layer);
  });

  test("are not looked for in a layer of another type: the bytes are kept", () => {
    const bytes = layerBytes("MyLayer", ...field(202, ...ORDER));
    const layer = read(bytes);
    expect(layer.permuteParam).toBeUndefined();
    expect(write(layer)).toEqual(bytes);
    expect(write(copyMessage(layer))).toEqual(bytes);
  });

  test.each([
    ["another field", field(202, 0x10, 7)],
    ["another wire type", field(202, 0x0d, 0, 0, 0, 0)],
    ["a message that is cut off", field(202, 8)],
    ["a number in place of a message", [0xd0, 0x0c, 1]],
  ])("are left as they are where they hold %s", (_, rest) => {
    const bytes = layerBytes("Permute", ...rest);
    const layer = read(bytes);
    expect(layer.permuteParam).toBeUndefined();
    expect(write(layer)).toEqual(bytes);
  });

  test("tell the forks' uses of one number apart by the layer's type", () => {
    // 137: scale 2 in SegNet's Upsample, 2 outputs in BVLC's Embed; a filler in PSPNet's BN.
    const segnet = layerBytes("Upsample", ...field(137, 8, 2));
    expect(read(segnet).upsampleParam?.scale).toBe(2);
    expect(read(segnet).embedParam).toBeUndefined();
    expect(write(read(segnet))).toEqual(segnet);
    expect(read(layerBytes("Embed", ...field(137, 8, 2))).embedParam?.numOutput).toBe(2);
    const pspnet = layerBytes("BN", ...field(137, 0x0a, 0, 0x28, 1));
    expect(read(pspnet).bnParam).toMatchObject({ slopeFiller: {}, frozen: true });
    // 143: DeepLab's Interp, BVLC's Input.
    expect(read(layerBytes("Interp", ...field(143, 8, 3, 16, 4))).interpParam?.width).toBe(4);
    expect(read(layerBytes("Input", ...field(143, 0x0a, 0))).inputParam?.shape).toHaveLength(1);
    // 164: a group for ShuffleChannel, an ignored label for PSPNet's SegAccuracy.
    expect(read(layerBytes("ShuffleChannel", ...field(164, 8, 3))).shuffleChannelParam?.group).toBe(
      3,
    );
    const accuracy = layerBytes("SegAccuracy", ...field(164, 8, 3));
    expect(read(accuracy).shuffleChannelParam).toBeUndefined();
    expect(write(read(accuracy))).toEqual(accuracy);
  });

  test("keep the number of the fork that wrote them", () => {
    for (const number of [8266711, 150, 147, 154]) {
      const bytes = layerBytes("ROIPooling", ...field(number, 8, 6, 16, 6));
      const layer = read(bytes);
      expect(layer.roiPoolingParam).toMatchObject({ pooledH: 6, pooledW: 6 });
      expect(write(copyMessage(layer))).toEqual(bytes);
    }
  });

  test("are left as they are where a required field is missing", () => {
    const bytes = layerBytes("PSROIPooling", ...field(149, 16, 2));
    expect(read(bytes).psroiPoolingParam).toBeUndefined();
    expect(write(read(bytes))).toEqual(bytes);
  });

  test("do not take SegNet's BN, whose fields are numbered otherwise, for PSPNet's", () => {
    const bytes = layerBytes("BN", ...field(45, 0x0a, 0, 0x12, 0, 0x18, 1));
    expect(read(bytes).bnParam).toBeUndefined();
    expect(write(read(bytes))).toEqual(bytes);
  });
});

test("a layer's settings are known by its type wherever that stands among the fields", () => {
  // permute_param (202) with order 1, then type "Permute".
  const bytes = Uint8Array.of(0xd2, 0x0c, 2, 8, 1, 0x12, 7, ...Buffer.from("Permute"));
  const layer = decodeMessage("LayerParameter", bytes);
  expect(layer.permuteParam?.order).toEqual([1]);
  // Of two types the last one counts, as everywhere in protobuf.
  const retyped = Buffer.concat([Uint8Array.of(0x12, 4, ...Buffer.from("ReLU")), bytes]);
  expect(decodeMessage("LayerParameter", retyped).permuteParam?.order).toEqual([1]);
});
