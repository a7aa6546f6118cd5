import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelFileError } from "../../src/errors.ts";
import {
  copyMessage,
  createMessage,
  decodeMessage,
  encodeChunks,
  encodeMessage,
  type MessageName,
} from "../../src/schema/index.ts";

const bytesFrom = (...parts: (number | readonly number[] | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...part])));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

function errorOf(name: MessageName, bytes: Uint8Array): string {
  try {
    decodeMessage(name, bytes, { fileName: "w.caffemodel" });
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
  throw new Error("no error");
}

describe("lists of floats", () => {
  test("arrive from several packed pieces and single values alike", () => {
    const bytes = bytesFrom(
      [0x2a, 8],
      floats(1, 2),
      [0x2d],
      floats(3),
      [0x2d],
      floats(4),
      [0x2a, 4],
      floats(5),
    );
    expect(decodeMessage("BlobProto", bytes).data).toEqual(Float32Array.of(1, 2, 3, 4, 5));
  });

  test("are copied: the bytes may change afterwards", () => {
    const bytes = bytesFrom([0x2a, 4], floats(1));
    const { data } = decodeMessage("BlobProto", bytes);
    bytes.fill(0);
    expect(data).toEqual(Float32Array.of(1));
  });

  test.each([1, 2, 3, 4])(
    "stay where they are in bytes of the reader's own, after a name of %d",
    (n) => {
      const blobs = [31, 32, 1000, 5].map((count) =>
        createMessage("BlobProto", {
          data: Float32Array.from({ length: count }, (_, i) => i + 0.5),
          diff: Float32Array.from({ length: count }, (_, i) => -i),
        }),
      );
      blobs.push(createMessage("BlobProto", { doubleData: new Float64Array(100).fill(0.1) }));
      const layer = ["a", "b"].map((name) => createMessage("LayerParameter", { name, blobs }));
      const name = "x".repeat(n);
      const bytes = encodeMessage("NetParameter", createMessage("NetParameter", { name, layer }));
      const copied = decodeMessage("NetParameter", bytes);
      const own = decodeMessage("NetParameter", bytes, { ownsBytes: true });
      expect(own).toEqual(copied);
      const isView = own.layer[1]!.blobs.map(({ data }) => data?.buffer === bytes.buffer);
      expect(isView).toEqual([false, true, true, false, false]);
    },
  );

  test("stay where they are where a blob comes in two parts, but once", () => {
    const part = (value: number) =>
      bytesFrom([0x2a, 0x80, 2], new Uint8Array(new Float32Array(64).fill(value).buffer));
    const bytes = bytesFrom(part(1), part(2));
    const { data } = decodeMessage("BlobProto", bytes, { ownsBytes: true });
    expect(data).toEqual(Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? 1 : 2)));
  });

  test("are written packed in blobs and one by one in a Datum, as Caffe does", () => {
    const blob = createMessage("BlobProto", { data: Float32Array.of(1, 2) });
    expect(encodeMessage("BlobProto", blob)).toEqual(bytesFrom([0x2a, 8], floats(1, 2)));
    const datum = createMessage("Datum", { floatData: Float32Array.of(1, 2) });
    expect(encodeMessage("Datum", datum)).toEqual(bytesFrom(0x35, floats(1), 0x35, floats(2)));
    expect(decodeMessage("Datum", encodeMessage("Datum", datum))).toEqual(datum);
  });

  test("are handed on without a copy in chunks", () => {
    const data = new Float32Array(10_000).fill(0.5);
    const blobs = [createMessage("BlobProto", { data })];
    const layer = [createMessage("LayerParameter", { blobs })];
    const net = createMessage("NetParameter", { layer });
    const chunks = encodeChunks("NetParameter", net);
    expect(chunks.some((chunk) => chunk.buffer === data.buffer)).toBe(true);
    expect(Buffer.concat(chunks).equals(encodeMessage("NetParameter", net))).toBe(true);
  });

  test("come out of a blob that NVIDIA's fork wrote, whatever its number format", () => {
    const halves = Uint8Array.of(0, 0x3c, 0, 0xc0, 1, 0, 0, 0x7c, 0, 0x80);
    const half = decodeMessage("BlobProto", bytesFrom([0x50, 2, 0x62, 10], halves));
    expect(half).toEqual({
      data: Float32Array.of(1, -2, 2 ** -24, Number.POSITIVE_INFINITY, -0),
    });
    const single = decodeMessage("BlobProto", bytesFrom([0x50, 1, 0x62, 8], floats(1, 2)));
    expect(single.data).toEqual(Float32Array.of(1, 2));
    const double = new Uint8Array(Float64Array.of(0.1).buffer);
    expect(decodeMessage("BlobProto", bytesFrom([0x62, 8], double)).doubleData).toEqual(
      Float64Array.of(0.1),
    );
  });
});

describe("what the schema does not know", () => {
  // Field 2000 (varint), a group, and LayerParameter's field 146 as a varint, as NVIDIA's fork has it.
  const unknown = [0x80, 0x7d, 5, 0x83, 0x7d, 0x08, 1, 0x84, 0x7d, 0x90, 0x09, 1];

  test("is kept and written again, also by a copy", () => {
    const bytes = bytesFrom([0x0a, 1, 0x61], unknown);
    const layer = decodeMessage("LayerParameter", bytes);
    expect(layer.name).toBe("a");
    expect(layer.recurrentParam).toBeUndefined();
    expect(encodeMessage("LayerParameter", layer)).toEqual(bytes);
    expect(encodeMessage("LayerParameter", copyMessage(layer, { name: "b" }))).toEqual(
      bytesFrom([0x0a, 1, 0x62], unknown),
    );
  });

  test("may be an enum's value", () => {
    const bytes = Uint8Array.of(8, 9);
    const param = decodeMessage("PoolingParameter", bytes);
    expect(param).toEqual({});
    expect(encodeMessage("PoolingParameter", param)).toEqual(bytes);
  });
});

test("a message that comes in two parts is merged, the last scalar wins", () => {
  const bytes = Uint8Array.of(
    0x0a,
    1,
    0x61,
    0x32,
    2,
    0x10,
    3,
    0x0a,
    1,
    0x62,
    0x32,
    3,
    0x1a,
    1,
    0x73,
  );
  const net = decodeMessage("NetParameter", bytes);
  expect(net).toMatchObject({ name: "b", state: { level: 3, stage: ["s"] } });
});

test("int64 sizes of 2^53 and more are refused", () => {
  const dim = [0x0a, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  expect(errorOf("BlobShape", Uint8Array.from(dim))).toContain("integer out of range");
});

test("bytes of a Datum are a view, not a copy", () => {
  const bytes = encodeMessage("Datum", createMessage("Datum", { data: Uint8Array.of(1, 2, 3) }));
  const { data } = decodeMessage("Datum", bytes);
  expect(data).toEqual(Uint8Array.of(1, 2, 3));
  expect(data!.buffer).toBe(bytes.buffer);
});

describe("hostile bytes", () => {
  test.each([
    ["a length past the end", [0x0a, 5, 0x61]],
    ["a length of 4 GiB", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["field number 0", [0x00, 0x01]],
    ["an endless varint", [0x28, ...Array(12).fill(0xff)]],
    ["a group without an end", [0x83, 0x7d, 0x08, 1]],
    ["the end of a group without its start", [0x0c]],
    ["wire type 7", [0x0f]],
    ["a message whose field passes its end", [0x32, 1, 0x10]],
  ])("such as %s give one clear error", (_, bytes) => {
    expect(errorOf("NetParameter", Uint8Array.from(bytes))).toMatch(
      /^w\.caffemodel cannot be read as a NetParameter: it is damaged or cut off near byte \d+ of \d+ \(/,
    );
  });

  test("such as floats of five bytes, or a required field that is missing, are named", () => {
    expect(errorOf("BlobProto", Uint8Array.of(0x2a, 5, 1, 2, 3, 4, 5))).toContain(
      "5 bytes are no list of 4-byte numbers",
    );
    expect(errorOf("ClipParameter", new Uint8Array(0))).toBe(
      "w.caffemodel: Message missing required fields: min, max",
    );
  });

  test("such as messages nested without end do not overflow the stack", () => {
    let bytes = new Uint8Array(0);
    // NetParameter has no message of its own type; a group is skipped by recursion.
    bytes = Uint8Array.from(Array(100_000).fill([0x83, 0x7d]).flat());
    expect(errorOf("NetParameter", bytes)).toContain("max depth exceeded");
  });

  test("whatever they are give a ModelFileError or a message", () => {
    const shape = createMessage("BlobShape", { dim: [2] });
    const blobs = [createMessage("BlobProto", { shape, data: Float32Array.of(1, 2) })];
    const layer = createMessage("LayerParameter", {
      name: "fc",
      phase: "TEST",
      blobs,
      lossWeight: [1],
    });
    const whole = encodeMessage("NetParameter", createMessage("NetParameter", { layer: [layer] }));
    const attempt = (bytes: Uint8Array) => {
      try {
        decodeMessage("NetParameter", bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFileError);
      }
    };
    for (let length = 0; length < whole.length; length++) attempt(whole.slice(0, length));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        attempt(whole.with(at, byte));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), attempt), { numRuns: 500 });
  });
});

test("values that a field cannot hold are refused before anything is written", () => {
  const datum = createMessage("Datum", { label: 1.5 });
  expect(() => encodeMessage("Datum", datum)).toThrow("the field label (int32) cannot hold 1.5");
  const shape = createMessage("BlobShape", { dim: [Number.NaN] });
  expect(() => encodeMessage("BlobShape", shape)).toThrow("the field dim (int64) cannot hold NaN");
});
