/** @file Every file of the reference collection against what pydicom, GDCM, DCMTK and OpenJPEG read from it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DataSourceError } from "../../../src/errors.ts";
import { decodeDicom, type PixelValues } from "../../../src/plugins/dicom/index.ts";
import { sharedPath } from "../../support/shared.ts";

const index = sharedPath("data", "dicom", "INDEX.tsv");
const hasFiles = existsSync(index);

type Row = Readonly<Record<string, string>>;

function readIndex(): Row[] {
  if (!hasFiles) return [];
  const [head, ...lines] = readFileSync(index, "utf8").trimEnd().split("\n");
  const names = head!.split("\t");
  return lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

function decode(row: Row) {
  return decodeDicom(readFileSync(sharedPath("data", "dicom", row.file!)), row.file!);
}

function sha256(values: PixelValues): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}

const TYPES: Readonly<Record<string, string>> = {
  u1: "Uint8Array",
  "<u2": "Uint16Array",
  "<i2": "Int16Array",
  "<u4": "Uint32Array",
  "<f4": "Float32Array",
};

const rows = readIndex();
const need = hasFiles ? "" : " (needs ../shared)";

describe("the DICOM files of the reference collection", () => {
  const print = vi.spyOn(console, "log");
  const printError = vi.spyOn(console, "error");
  beforeAll(() => {
    print.mockClear();
    printError.mockClear();
  });
  afterAll(() => {
    print.mockRestore();
    printError.mockRestore();
  });

  const ok = rows.filter(({ status }) => status === "ok");
  // Lossy files too: the same roundings as libjpeg, CharLS and OpenJPEG give the same bytes.
  test.skipIf(!hasFiles)(
    `decode to the values of other decoders, byte for byte${need}`,
    async () => {
      const differing: string[] = [];
      for (const row of ok) {
        const image = await decode(row);
        const found = [image.shape.join("x"), image.values.constructor.name, sha256(image.values)];
        const expected = [row.shape, TYPES[row.dtype!], row.pixels_sha256];
        if (found.join() !== expected.join())
          differing.push(`${row.file}: ${found} for ${expected}`);
      }
      expect(differing).toEqual([]);
      expect(ok.length).toBeGreaterThan(50);
    },
  );

  test.skipIf(!hasFiles)(`decode High-Throughput JPEG 2000${need}`, async () => {
    for (const row of rows.filter(({ status }) => status === "not decoded")) {
      const image = await decode(row);
      expect(image.shape).toEqual([480, 640, 3]);
      let sum = 0;
      for (const value of image.values) sum += value;
      expect(sum / image.values.length).toBeCloseTo(127.1, 1);
    }
  });

  const refused = rows.filter(({ status }) => status === "invalid" || status === "no pixels");
  test.skipIf(!hasFiles)(
    `are refused with one sentence when invalid or without pixels${need}`,
    async () => {
      for (const row of refused) {
        const error = await decode(row).then(
          () => undefined,
          (cause: unknown) => cause,
        );
        expect(error, row.file).toBeInstanceOf(DataSourceError);
        const { message } = error as DataSourceError;
        expect(message.startsWith(`${row.file}: `)).toBe(true);
        expect(message).not.toContain("\n");
        expect(message, row.file).not.toContain("not foreseen");
        if (row.status === "no pixels") expect(message).toContain("has no pixel data");
      }
      expect(refused.length).toBeGreaterThan(10);
    },
  );

  test.skipIf(!hasFiles)(`print nothing${need}`, () => {
    expect(print).not.toHaveBeenCalled();
    expect(printError).not.toHaveBeenCalled();
  });

  test.skipIf(!hasFiles)(`tell their geometry${need}`, async () => {
    const image = await decode({ file: "transcoded/explicit_le.dcm" });
    expect(image).toMatchObject({
      rows: 256,
      columns: 256,
      instanceNumber: 59,
      seriesNumber: 300,
      sliceLocationMm: -30.072,
      pixelSpacingMm: [1.367188, 1.367188],
      photometric: "MONOCHROME2",
      window: { center: 685, width: 1370 },
    });
  });
});

describe("damaged DICOM files", () => {
  /** A small generator of its own, so that a failing case can be repeated. */
  function* random(seed: number): Generator<number> {
    for (let state = seed; ; ) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      yield state / 2 ** 32;
    }
  }

  const small = rows.filter(({ bytes }) => Number(bytes) < 12_000);
  test.skipIf(!hasFiles)(
    `give a DataSourceError or an image, quickly, and nothing else${need}`,
    async () => {
      const draw = random(7);
      const next = (below: number) => Math.floor(draw.next().value! * below);
      for (let round = 0; round < 400; round++) {
        const { file } = small[next(small.length)]!;
        let bytes = Uint8Array.from(readFileSync(sharedPath("data", "dicom", file!)));
        if (next(3) === 0) bytes = bytes.subarray(0, next(bytes.length));
        else
          for (let i = next(6); i >= 0; i--) bytes[next(Math.min(2000, bytes.length))] = next(256);
        const begin = performance.now();
        const outcome = await decodeDicom(bytes, "x.dcm").catch((cause: unknown) => cause);
        if (outcome instanceof Error) {
          expect(outcome, `${file}, round ${round}`).toBeInstanceOf(DataSourceError);
          expect(outcome.message, `${file}, round ${round}`).not.toContain("not foreseen");
        }
        expect(performance.now() - begin).toBeLessThan(2000);
      }
    },
  );
});
