/** @file Arrays as numpy saves them (.npy), for mean images. */
import type { Shape } from "../core/shape.ts";
import { MAX_AXES, count } from "../core/shape.ts";
import { ModelFileError } from "../errors.ts";
import { readBinaryFile } from "./binary-file.ts";

/** Readers of one little-endian element, by numpy's names of types. */
const elements: Readonly<Record<string, [bytes: number, (view: DataView, at: number) => number]>> =
  {
    "<f4": [4, (view, at) => view.getFloat32(at, true)],
    "<f8": [8, (view, at) => view.getFloat64(at, true)],
    "<i4": [4, (view, at) => view.getInt32(at, true)],
    "<u2": [2, (view, at) => view.getUint16(at, true)],
    "<i2": [2, (view, at) => view.getInt16(at, true)],
    "|u1": [1, (view, at) => view.getUint8(at)],
  };

/**
 * Reads an array of numbers in C order.
 * @throws ModelFileError when the file is missing, no .npy file, cut off, or of another order or type
 */
export async function readNpy(path: string): Promise<{ shape: Shape; data: Float32Array }> {
  const bytes = await readBinaryFile(path, `File not found: ${path}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (problem: string) => new ModelFileError(`${path}: ${problem}`);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) {
    throw fail("no .npy file: it does not start with numpy's signature");
  }
  const isOld = view.getUint8(6) === 1;
  const start = isOld ? 10 : 12;
  const end = start + (isOld ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = Buffer.from(bytes.subarray(start, end)).toString("latin1");
  const type = /'descr': *'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = (/'shape': *\(([^)]*)\)/.exec(header)?.[1] ?? "?")
    .split(",")
    .filter((s) => s.trim());
  const element = Object.hasOwn(elements, type) ? elements[type]! : undefined;
  const sizes = shape.map(Number);
  if (
    end > bytes.length ||
    sizes.length > MAX_AXES ||
    !sizes.every((n) => Number.isInteger(n) && n >= 0)
  ) {
    throw fail("its header is damaged or cut off");
  }
  if (!element || /'fortran_order': *True/.test(header)) {
    throw fail(
      `an array of type ${type || "?"} in this order is not read; save it as float32 in C order`,
    );
  }
  const [size, read] = element;
  if (bytes.length - end !== count(sizes) * size) {
    throw fail(
      `damaged or cut off: ${bytes.length - end} bytes of values instead of ${count(sizes) * size}`,
    );
  }
  return {
    shape: sizes,
    data: Float32Array.from({ length: count(sizes) }, (_, i) => read(view, end + i * size)),
  };
}
