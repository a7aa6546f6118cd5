/** @file The image thread, which decodes and augments: what `build-decoder.mjs` bundles, and `index.ts` starts. */
import { open } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import { DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/atomic-write.ts";
import { augment } from "../augment/augmentor.ts";
import { decodeImage } from "../image.ts";
import { type BytePlanes, resizeBilinear } from "../resize.ts";
import { type CutOrder, type WindowCut, cutWindow } from "../window-cut.ts";
import { makeInOrder } from "./make-in-order.ts";
import type { Answer, AugmentOrder, DecodeOrder, DecodedImage, Numbered, Order } from "./order.ts";

/** A larger file is no image that anybody wants to train on. */
const MAX_FILE_BYTES = 2 ** 30;
/** What the images of one batch may take, decoded. */
const MAX_BATCH_BYTES = 4 * 2 ** 30;
/** Images under way at a time: libuv's pool has four threads. */
const AT_A_TIME = 8;

/** An image in memory that can be moved to another thread. */
interface MovableImage extends DecodedImage {
  readonly data: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
}

parentPort?.on("message", async ({ id, content }: Numbered<Order>) => {
  const reply = (answer: Answer, moved: readonly ArrayBuffer[]) => {
    parentPort?.postMessage({ id, content: answer } satisfies Numbered<Answer>, moved);
  };
  try {
    if ("augment" in content) {
      augmentAll(content.augment);
      reply({ images: [] }, []);
      return;
    }
    const images = await decodeAll(content.decode);
    reply(
      { images },
      images.map(({ data }) => data.buffer),
    );
  } catch (error) {
    reply({ problem: error instanceof Error ? error.message : String(error) }, []);
  }
});

function augmentAll({ from, to, sizes, settings, first }: AugmentOrder): void {
  const [source, target] = [new Float32Array(from), new Float32Array(to)];
  let start = 0;
  for (const [index, size] of sizes.entries()) {
    const end = start + size.channels * size.height * size.width;
    const values = source.subarray(start, end);
    augment(values, target.subarray(start, end), size, settings, first + index);
    start = end;
  }
}

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

async function decode({ from, name, mode, size, cut, keeps }: DecodeOrder): Promise<MovableImage> {
  const bytes = typeof from === "string" ? await fileBytes(from, name, keeps ?? false) : from;
  const { channels, height, width, data } = await decodeImage(bytes, name, mode);
  if (!size && !cut) return { channels, height, width, data: copyOf(data), left: 0, top: 0 };
  if (!(data instanceof Uint8Array)) {
    throw new DataSourceError(`${name}: an image of 16 bits a channel cannot be resized`);
  }
  const image = { channels, height, width, data };
  if (cut) return windowOf(image, cut, name);
  const resized = resizeBilinear(image, size!.height, size!.width);
  return { ...resized, data: copyOf(resized.data), left: 0, top: 0 };
}

function windowOf(image: BytePlanes, order: CutOrder, name: string): MovableImage {
  const cut = cutWindow(order, image);
  if (!cut) {
    const { x1, y1, x2, y2 } = order.window;
    throw new DataSourceError(
      `${name}: the window (${x1}, ${y1}) to (${x2}, ${y2}) does not lie in the image of ${image.width} x ${image.height} pixels`,
    );
  }
  const { left, top, size } = cut;
  const { channels } = image;
  // So little of it lies in the image that rounding leaves nothing.
  if (size.height === 0 || size.width === 0) {
    return { channels, height: 0, width: 0, data: new Uint8Array(0), left, top };
  }
  const resized = resizeBilinear(part(image, cut), size.height, size.width);
  return { ...resized, data: copyOf(resized.data), left, top };
}

function part(image: BytePlanes, { x, y, width, height }: WindowCut): BytePlanes {
  const { channels } = image;
  const data = new Uint8Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < height; row++) {
      const from = (c * image.height + y + row) * image.width + x;
      data.set(image.data.subarray(from, from + width), (c * height + row) * width);
    }
  }
  return { channels, height, width, data };
}

function copyOf(data: Uint8Array | Uint16Array): MovableImage["data"] {
  return data instanceof Uint8Array ? new Uint8Array(data) : new Uint16Array(data);
}

/** Files that are asked for again and again. */
const kept = new Map<string, Promise<Uint8Array>>();

function fileBytes(path: string, name: string, keeps: boolean): Promise<Uint8Array> {
  if (!keeps) return readImageFile(path, name);
  let bytes = kept.get(path);
  if (!bytes) {
    bytes = readImageFile(path, name);
    kept.set(path, bytes);
  }
  return bytes;
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
