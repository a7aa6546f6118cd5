/** @file The fenced process's side of the pipe: it reads and writes, and waits for both. */
import { readSync, writeSync } from "node:fs";
import { type Frame, type FrameKind, HEADER_BYTES, readHeader, writeHeader } from "../frame.ts";

const PIPE = 3;

/** @returns `undefined` when the net's process has gone */
export function readFrame(): Frame | undefined {
  const start = readBytes(HEADER_BYTES);
  const header = start && readHeader(start);
  if (!header) return undefined;
  const json = readBytes(header.jsonBytes);
  const numbers = readBytes(header.numberBytes);
  if (!json || !numbers) return undefined;
  return { kind: header.kind, json: Buffer.from(json.buffer).toString(), numbers };
}

export function writeFrame(
  kind: FrameKind,
  message: unknown,
  numbers: readonly Uint8Array[] = [],
): void {
  const json = Buffer.from(JSON.stringify(message));
  const numberBytes = numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const header = writeHeader({ kind, jsonBytes: json.length, numberBytes });
  for (const part of [Buffer.concat([header, json]), ...numbers]) {
    for (let at = 0; at < part.byteLength; ) at += writeSync(PIPE, part, at);
  }
}

function readBytes(count: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; ) {
    const length = readSync(PIPE, bytes, at, count - at, null);
    if (length === 0) return undefined;
    at += length;
  }
  return bytes;
}
