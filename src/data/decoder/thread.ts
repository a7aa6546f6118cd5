/** @file The decoding thread: what `build-decoder.mjs` bundles, and `index.ts` starts. */
import { open } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import { DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/atomic-write.ts";
import { type Image, decodeImage } from "../image.ts";
import { resizeBilinear } from "../resize.ts";
import { makeInOrder } from "./make-in-order.ts";
import type { DecodeAnswer, DecodeOrder, Numbered } from "./order.ts";

/** A larger file is no image that anybody wants to train on. */
const MAX_FILE_BYTES = 2 ** 30;
/** What the images of one batch may take, decoded. */
const MAX_BATCH_BYTES = 4 * 2 ** 30;
/** Images under way at a time: libuv's pool has four threads. */
const AT_A_TIME = 8;

/** An image in memory that can be moved to another thread. */
interface MovableImage extends Image {
  readonly data: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
}

parentPort?.on("message", async ({ id, content }: Numbered<readonly DecodeOrder[]>) => {
  const reply = (answer: DecodeAnswer, moved: readonly ArrayBuffer[]) => {
    parentPort?.postMessage({ id, content: answer } satisfies Numbered<DecodeAnswer>, moved);
  };
  try {
    const images = await decodeAll(content);
    reply(
      { images },
      images.map(({ data }) => data.buffer),
    );
  } catch (error) {
    reply({ problem: error instanceof Error ? error.message : String(error) }, []);
  }
});

function decodeAll(orders: readonly DecodeOrder[]): Promise<MovableImage[]> {
  let bytes = 0;
  return makeInOrder(orders.length, AT_A_TIME, async (index) => {
    const order = orders[index]!;
    const image = await decode(order);
    bytes += image.data.byteLength;
    if (bytes <= MAX_BATCH_BYTES) return image;
    throw new DataSourceError(
      `${order.name}: the images of this batch take more than ${MAX_BATCH_BYTES} bytes; use a smaller batch_size`,
    );
  });
}

async function decode({ from, name, mode, size }: DecodeOrder): Promise<MovableImage> {
  const bytes = typeof from === "string" ? await readImageFile(from, name) : from;
  const { channels, height, width, data } = await decodeImage(bytes, name, mode);
  if (!size) return { channels, height, width, data: copyOf(data) };
  if (!(data instanceof Uint8Array)) {
    throw new DataSourceError(`${name}: an image of 16 bits a channel cannot be resized`);
  }
  const resized = resizeBilinear({ channels, height, width, data }, size.height, size.width);
  return { ...resized, data: copyOf(resized.data) };
}

function copyOf(data: Uint8Array | Uint16Array): MovableImage["data"] {
  return data instanceof Uint8Array ? new Uint8Array(data) : new Uint16Array(data);
}

async function readImageFile(path: string, name: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new Error("it is no file");
      if (stat.size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new DataSourceError(`Could not load ${name}: ${systemReason(cause)}`, { cause });
  }
}
