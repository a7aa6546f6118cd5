import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "../../src/schema/index.ts";
import { forkProto, hasProtoc, protoc } from "../support/protoc.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { expectSameBits } from "../support/same-bits.ts";

/** NVIDIA's number formats: name, number in the enum, numpy's type, bytes of a value. */
const FORMATS = [
  ["FLOAT", 1, "<f4", 4],
  ["FLOAT16", 2, "<f2", 2],
  ["INT", 3, "<i4", 4],
  ["UINT", 4, "<u4", 4],
  ["BOOL", 5, "|b1", 1],
] as const;

interface Sample {
  readonly bytes: string;
  readonly floats: string;
}

/** 4,096 random bit patterns of each type, and numpy's float32 of each. */
const SAMPLES = `
import json, sys, base64, warnings
import numpy as np
warnings.simplefilter("ignore")
random = np.random.RandomState(5)
def sample(type):
    raw = random.bytes(4096 * np.dtype(type).itemsize)
    values = np.frombuffer(raw, type)
    if type == "<f2": values = np.arange(65536, dtype="<u2").view("<f2")
    if type == "|b1": values = random.randint(0, 2, 4096).astype("|b1")
    floats = values.astype("<f4")
    return {"bytes": base64.b64encode(values.tobytes()).decode(),
            "floats": base64.b64encode(floats.tobytes()).decode()}
json.dump([sample(type) for type in json.load(sys.stdin)], sys.stdout)
`;

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const floatsOf = (base64: string) => new Float32Array(bytesOf(base64).buffer);

/** A field of bytes: its tag, its length as a varint, and the bytes. */
function lengthField(number: number, bytes: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
  return new Uint8Array(Buffer.concat([Uint8Array.from([...head, rest]), bytes]));
}

describe.skipIf(!hasPythonModule("numpy"))("blobs of NVIDIA's fork (needs numpy)", () => {
  test("become the floats that numpy makes of each number format", () => {
    const types = FORMATS.map(([, , type]) => type);
    const samples = runPython(SAMPLES, types) as Sample[];
    FORMATS.forEach(([name, number], i) => {
      const { bytes, floats } = samples[i]!;
      const raw = bytesOf(bytes);
      const types = Uint8Array.of(0x50, number, 0x58, number);
      const blob = Buffer.concat([types, lengthField(12, raw), lengthField(13, raw)]);
      const { data, diff, ...others } = decodeMessage("BlobProto", blob);
      expectSameBits(data!, floatsOf(floats), name);
      expectSameBits(diff!, floatsOf(floats), name);
      expect(others, name).toEqual({});
    });
  });
});

describe.skipIf(!hasProtoc)("blobs of NVIDIA's fork (need protoc)", () => {
  const blobOf = (text: string) =>
    decodeMessage("BlobProto", protoc("encode", "BlobProto", text, forkProto).output);

  test("are doubles where they say so, or nothing", () => {
    // 1.5 and -2 as doubles.
    const raw = String.raw`"\000\000\000\000\000\000\370?\000\000\000\000\000\000\000\300"`;
    const doubles = Float64Array.of(1.5, -2);
    expect(blobOf(`raw_data: ${raw}`)).toEqual({ doubleData: doubles });
    expect(blobOf(`raw_diff_type: DOUBLE raw_diff: ${raw}`)).toEqual({ doubleDiff: doubles });
  });

  test("are written in the usual fields, which every Caffe reads", () => {
    const blob = blobOf(
      String.raw`shape { dim: 2 } raw_data_type: FLOAT16 raw_data: "\000<\000\300"`,
    );
    const text = protoc("decode", "BlobProto", encodeMessage("BlobProto", blob)).output;
    expect(text.toString()).toBe("data: 1\ndata: -2\nshape {\n  dim: 2\n}\n");
  });

  test("keep values in the usual fields where the raw ones are empty", () => {
    expect(blobOf('data: 3 raw_data: "" raw_data_type: FLOAT').data).toEqual(Float32Array.of(3));
  });
});

test.each(FORMATS.filter(([, , , size]) => size > 1))(
  "raw %s values that end in the middle of one are refused",
  (_, number, __, size) => {
    const cut = Uint8Array.of(0x50, number, ...lengthField(12, new Uint8Array(2 * size - 1)));
    expect(() => decodeMessage("BlobProto", cut, { fileName: "n.caffemodel" })).toThrow(
      `n.caffemodel cannot be read as a BlobProto: it is damaged or cut off near byte ${cut.length} of ${cut.length} ` +
        `(${2 * size - 1} bytes are no list of ${size}-byte numbers)`,
    );
  },
);
