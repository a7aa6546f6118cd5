/** @file Archives in the format of POSIX tar (ustar, with pax records for long names), as a stream. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

const BLOCK = 512;
/** What the header's own field for a name takes, in bytes. */
const NAME_BYTES = 100;

/** A file of the archive: a text, or a file of this machine. */
export type TarEntry = { readonly name: string } & (
  | { readonly text: string }
  | { readonly path: string }
);

/** @param time of all entries, so that the same content gives the same bytes */
export async function* tar(entries: readonly TarEntry[], time: Date): AsyncGenerator<Uint8Array> {
  const seconds = Math.floor(time.getTime() / 1000);
  for (const entry of entries) {
    if ("text" in entry) {
      const content = Buffer.from(entry.text);
      yield* head(entry.name, content.length, seconds);
      yield* padded(content);
    } else {
      const { size } = await stat(entry.path);
      yield* head(entry.name, size, seconds);
      yield* contentOf(entry.path, size);
    }
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** As many bytes as the header says, also of a file that grows meanwhile. */
async function* contentOf(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  let sent = 0;
  for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 2 ** 18 })) {
    sent += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (sent < size) throw new Error(`${path} became shorter while it was read`);
  yield Buffer.alloc(padding(size));
}

function* padded(content: Buffer): Generator<Uint8Array> {
  yield content;
  yield Buffer.alloc(padding(content.length));
}

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;

function* head(name: string, size: number, seconds: number): Generator<Uint8Array> {
  if (Buffer.byteLength(name) > NAME_BYTES) {
    const record = paxRecord("path", name);
    yield header("pax", record.length, seconds, "x");
    yield* padded(record);
  }
  yield header(name, size, seconds, "0");
}

/** `LENGTH key=value\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes;
  while (length !== bytes + String(length).length) length = bytes + String(length).length;
  return Buffer.from(`${length}${rest}`);
}

function header(name: string, size: number, seconds: number, type: "0" | "x"): Buffer {
  const block = Buffer.alloc(BLOCK);
  const write = (text: string, at: number, length: number) => block.write(text, at, length, "utf8");
  const octal = (value: number, at: number, length: number) =>
    write(value.toString(8).padStart(length - 1, "0"), at, length);
  write(name, 0, NAME_BYTES);
  octal(0o644, 100, 8);
  octal(0, 108, 8); // user and group: nobody of this machine
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(seconds, 136, 12);
  write(type, 156, 1);
  write("ustar\x0000", 257, 8);
  // The checksum counts its own field as spaces.
  write(" ".repeat(8), 148, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8);
  return block;
}
