/** @file Stored values out of small files made here: sign, unused bits, planes, sizes that lie. */
import { describe, expect, test } from "vitest";
import { decodeDicom, readDicom } from "../../../src/plugins/dicom/index.ts";

type Vr = "US" | "CS" | "IS" | "OW" | "OB" | "SQ";

/** An element in Explicit VR Little Endian. */
function element(
  tag: number,
  vr: Vr,
  value: number | string | Uint8Array,
  length?: number,
): Buffer {
  const bytes =
    typeof value === "number"
      ? Buffer.from(Uint16Array.of(value).buffer)
      : typeof value === "string"
        ? Buffer.from(value.length % 2 === 0 ? value : `${value} `)
        : Buffer.from(value);
  const isLong = ["OW", "OB", "SQ"].includes(vr);
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(tag >>> 16, 0);
  header.writeUInt16LE(tag & 0xffff, 2);
  header.write(vr, 4, "latin1");
  if (isLong) header.writeUInt32LE(length ?? bytes.length, 8);
  else header.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([header, bytes]);
}

interface Image {
  readonly rows?: number;
  readonly columns?: number;
  readonly samples?: number;
  readonly planar?: number;
  readonly bits?: readonly [allocated: number, stored: number, high: number];
  readonly signed?: number;
  readonly frames?: string;
  readonly syntax?: string;
  readonly before?: readonly Buffer[];
  readonly pixels: Buffer;
}

const ExplicitLittleEndian = "1.2.840.10008.1.2.1";

function file(image: Image): Buffer {
  const [allocated, stored, high] = image.bits ?? [16, 16, 15];
  const preamble = Buffer.alloc(132);
  preamble.write("DICM", 128);
  return Buffer.concat([
    preamble,
    // The text padding of CS stands in for the zero of UI.
    element(0x00020010, "CS", image.syntax ?? ExplicitLittleEndian),
    ...(image.before ?? []),
    element(0x00280002, "US", image.samples ?? 1),
    element(0x00280006, "US", image.planar ?? 0),
    ...(image.frames === undefined ? [] : [element(0x00280008, "IS", image.frames)]),
    element(0x00280010, "US", image.rows ?? 1),
    element(0x00280011, "US", image.columns ?? 4),
    element(0x00280100, "US", allocated),
    element(0x00280101, "US", stored),
    element(0x00280102, "US", high),
    element(0x00280103, "US", image.signed ?? 0),
    image.pixels,
  ]);
}

const words = (...values: number[]) =>
  element(0x7fe00010, "OW", Buffer.from(Uint16Array.from(values).buffer));
const valuesOf = async (image: Image) => [...(await decodeDicom(file(image), "x")).values];

/** Compressed pixel data: an empty offset table and one fragment. */
function encapsulated(...fragments: readonly Uint8Array[]): Buffer {
  const item = (tag: number, length: number) => {
    const header = Buffer.alloc(8);
    header.writeUInt16LE(0xfffe, 0);
    header.writeUInt16LE(tag, 2);
    header.writeUInt32LE(length, 4);
    return header;
  };
  return Buffer.concat([
    element(0x7fe00010, "OB", new Uint8Array(0), 0xffffffff),
    item(0xe000, 0),
    ...fragments.flatMap((bytes) => [item(0xe000, bytes.length), Buffer.from(bytes)]),
    item(0xe0dd, 0),
  ]);
}

describe("stored values", () => {
  test("are sign-extended from the highest stored bit", async () => {
    const pixels = words(0x07ff, 0x0800, 0x0fff, 0xf001);
    const bits = [16, 12, 11] as const;
    expect(await valuesOf({ bits, signed: 1, pixels })).toEqual([2047, -2048, -1, 1]);
    expect(await valuesOf({ bits, pixels })).toEqual([2047, 2048, 4095, 1]);
  });

  test("are shifted down where the high bit is not the last stored one", async () => {
    const pixels = words(0x7ff0, 0x8000, 0xfff3, 0x001f);
    const bits = [16, 12, 15] as const;
    expect(await valuesOf({ bits, signed: 1, pixels })).toEqual([2047, -2048, -1, 1]);
  });

  test("of colour planes come side by side", async () => {
    const pixels = element(0x7fe00010, "OB", Uint8Array.of(1, 2, 3, 4, 5, 6));
    const image = { columns: 2, samples: 3, bits: [8, 8, 7], pixels } as const;
    expect(await valuesOf({ ...image, planar: 1 })).toEqual([1, 3, 5, 2, 4, 6]);
    expect(await valuesOf({ ...image, planar: 0 })).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("of several frames have the frame as first axis", async () => {
    const image = await decodeDicom(
      file({ columns: 2, frames: "2 ", pixels: words(1, 2, 3, 4) }),
      "x",
    );
    expect(image.shape).toEqual([2, 1, 2]);
    expect([...image.values]).toEqual([1, 2, 3, 4]);
  });

  test("are found behind sequences nested deeper than any stack", async () => {
    const depth = 20_000;
    const open = Buffer.concat([
      element(0x00081115, "SQ", new Uint8Array(0), 0xffffffff),
      Buffer.from("feff00e0ffffffff", "hex"),
    ]);
    const close = Buffer.from("feff0de000000000feffdde000000000", "hex");
    const nested = Buffer.concat([
      ...Array.from({ length: depth }, () => open),
      ...Array.from({ length: depth }, () => close),
    ]);
    expect(await valuesOf({ before: [nested], pixels: words(1, 2, 3, 4) })).toEqual([1, 2, 3, 4]);
  });
});

describe("sizes that lie", () => {
  const refusal = (image: Image) =>
    decodeDicom(file(image), "x.dcm").then(
      () => "accepted",
      (cause: Error) => cause.message,
    );

  test("are refused before memory is taken", async () => {
    const huge = { rows: 60_000, columns: 60_000 };
    const before = process.memoryUsage();
    expect(await refusal({ ...huge, pixels: words(1, 2) })).toContain("more than can be read");
    const manyFrames = { rows: 8000, columns: 8000, frames: "999999999" };
    expect(await refusal({ ...manyFrames, pixels: words(1) })).toContain("more than can be read");
    const large = { rows: 8000, columns: 8000 };
    expect(await refusal({ ...large, pixels: words(1, 2) })).toMatch(
      /has 4 bytes; .* need 128000000/,
    );
    for (const [code, stream] of [
      ["5", "01000000400000".padEnd(128, "0")],
      ["4.57", "ffd8ffc3000b10200020000101110000ffda0008010100010000ffd9"],
      ["4.90", "ff4fff51002f"],
      ["4.80", "ffd8fff7000b10200020000101110000"],
    ] as const) {
      const pixels = encapsulated(Buffer.from(stream, "hex"));
      const message = await refusal({ ...large, syntax: `1.2.840.10008.1.2.${code}`, pixels });
      expect(message).toMatch(/^x\.dcm: /);
      expect(message).not.toContain("not foreseen");
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64e6);
  });

  test("of elements are named with what was announced and what is left", async () => {
    const pixels = element(0x7fe00010, "OW", Uint8Array.of(1, 2), 0x7fffffff);
    expect(await refusal({ pixels })).toBe(
      "x.dcm: the file ends inside element (7fe0,0010): 2147483647 bytes announced, 2 left",
    );
  });

  test("of frames must fit the compressed stream", async () => {
    const pixels = encapsulated(Uint8Array.of(1), Uint8Array.of(2));
    const syntax = "1.2.840.10008.1.2.4.70";
    expect(await refusal({ frames: "3 ", syntax, pixels })).toContain(
      "holds 2 compressed fragments for 3 frames",
    );
  });
});

test("an unknown transfer syntax is named", async () => {
  const video = file({
    syntax: "1.2.840.10008.1.2.4.102",
    pixels: encapsulated(Uint8Array.of(1, 2)),
  });
  await expect(decodeDicom(video, "v.dcm")).rejects.toThrow(
    "v.dcm: has transfer syntax 1.2.840.10008.1.2.4.102, which is not supported",
  );
});

test("a file that is no DICOM, and one that is not there, are named", async () => {
  await expect(decodeDicom(Buffer.from("hello"), "a.txt")).rejects.toThrow(
    "a.txt: is not a DICOM file",
  );
  await expect(readDicom("no/such.dcm")).rejects.toThrow(
    "no/such.dcm: cannot be read: no such file or directory (ENOENT)",
  );
});
