/** @file Reading a file front to back in pieces of given sizes; gzip files are unpacked on the way. */
import { type FileHandle, open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { DataSourceError } from "../errors.ts";
import { systemReason } from "../model-file/index.ts";

/** A file that is read front to back. */
export interface ByteStream {
  /**
   * The next `size` bytes, good until the next call; fewer where the file ends.
   * @throws DataSourceError where the file cannot be read or unpacked
   */
  read(size: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file, packed by gzip or not; its first two bytes tell.
 * @param missing what Caffe says where there is no such file: "Unable to open file x"
 * @throws DataSourceError when the file cannot be opened
 */
export async function openByteStream(path: string, missing: string): Promise<ByteStream> {
  const fail = (problem: string, cause: unknown) =>
    new DataSourceError(`${problem}: ${systemReason(cause)}`, { cause });
  let file: FileHandle | undefined;
  let isPacked: boolean;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    isPacked = bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  } catch (cause) {
    await file?.close();
    throw fail(missing, cause);
  }
  const stored = file.createReadStream({ start: 0, highWaterMark: 2 ** 18 });
  const bytes = isPacked ? stored.pipe(createGunzip({ chunkSize: 2 ** 18 })) : stored;
  // A pipe does not hand errors on.
  if (bytes !== stored) stored.on("error", (error) => bytes.destroy(error));
  const chunks: AsyncIterator<Buffer> = bytes[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return {
    async read(size) {
      const pieces = [rest];
      let length = rest.length;
      while (length < size) {
        const next = await chunks.next().catch((cause: unknown) => {
          throw fail(`${path}: cannot be read`, cause);
        });
        if (next.done) break;
        pieces.push(next.value);
        length += next.value.length;
      }
      const all = pieces.length === 1 ? rest : Buffer.concat(pieces);
      rest = all.subarray(size);
      return all.subarray(0, size);
    },
    async close() {
      bytes.destroy();
      stored.destroy();
      await file.close().catch(() => {});
    },
  };
}
