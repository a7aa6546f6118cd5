/** @file Files in the form of CIFAR-10's binary batches. */
import { decodeDatum, keyText } from "../../src/data/index.ts";

const RECORD = 3073;

/** 10,000 images: the label, the image's number in two bytes, and `fill` in all other pixels. */
export function cifarBatch(fill: number): Buffer {
  const bytes = Buffer.alloc(10000 * RECORD, fill);
  for (let i = 0; i < 10000; i++) {
    bytes[i * RECORD] = i % 10;
    bytes.writeUInt16LE(i, i * RECORD + 1);
  }
  return bytes;
}

/** What a record has that tells it from others. */
export function readable(key: Uint8Array, value: Uint8Array) {
  const { data, ...fields } = decodeDatum(value);
  return { key: keyText(key), ...fields, length: data!.length, start: [...data!.subarray(0, 3)] };
}

/** `readable` of an image of a `cifarBatch`. */
export function image(key: number, item: number, fill: number) {
  const shape = { channels: 3, height: 32, width: 32, label: item % 10, length: 3072 };
  return { key: String(key).padStart(5, "0"), ...shape, start: [item & 255, item >> 8, fill] };
}
