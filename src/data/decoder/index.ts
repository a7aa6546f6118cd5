/** @file Decodes and augments images in a thread of its own, which works on while the net computes. */
import { Worker } from "node:worker_threads";
import { DataSourceError } from "../../errors.ts";
import type { Answer, AugmentOrder, DecodeOrder, DecodedImage, Numbered, Order } from "./order.ts";

export type { AugmentOrder, DecodeOrder, DecodedImage } from "./order.ts";

/** Open until `close`. */
export interface ImageDecoder {
  /**
   * Reads and decodes images as `decodeImage` does.
   * @param orders their bytes are moved, and not the caller's any more
   * @throws DataSourceError when there is no such file, image, or window in it, or they take more than
   *   4 GiB together
   */
  decode(orders: readonly DecodeOrder[]): Promise<readonly DecodedImage[]>;
  /** Fills `order.to`. */
  augment(order: AugmentOrder): Promise<void>;
  close(): void;
}

let thread: ImageThread | undefined;
let users = 0;

/** All decoders of a process share one thread: it has libuv's pool decode several images at a time. */
export function openImageDecoder(): ImageDecoder {
  users++;
  let isOpen = true;
  function openThread(): ImageThread {
    if (!isOpen) throw new DataSourceError("the decoder was closed");
    if (!thread?.isAlive) thread = new ImageThread();
    return thread;
  }
  return {
    decode(orders) {
      const moved = orders.flatMap(({ from }) => (typeof from === "string" ? [] : [from.buffer]));
      return openThread().ask({ decode: orders }, moved);
    },
    async augment(order) {
      await openThread().ask({ augment: order }, []);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      if (--users > 0) return;
      thread?.stop();
      thread = undefined;
    },
  };
}

interface Waiting {
  readonly resolve: (images: readonly DecodedImage[]) => void;
  readonly reject: (error: Error) => void;
}

class ImageThread {
  isAlive = true;
  readonly #worker = new Worker(new URL("../generated/decoding-thread.cjs", import.meta.url), {
    execArgv: [],
    name: "cortado images",
  });
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #stops = false;

  constructor() {
    this.#worker.on("message", (answer: Numbered<Answer>) => this.#take(answer));
    this.#worker.on("error", (error: Error) => this.#end(error.message));
    this.#worker.on("exit", () => this.#end("it ended"));
    this.#worker.unref();
  }

  /** @param moved memory that goes over to the thread */
  ask(content: Order, moved: readonly ArrayBuffer[]): Promise<readonly DecodedImage[]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // The process stays as long as somebody waits, and no longer.
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      const message: Numbered<Order> = { id, content };
      this.#worker.postMessage(message, moved);
    });
  }

  /** Ends the thread once the images on their way have come. */
  stop(): void {
    this.#stops = true;
    if (this.#waiting.size === 0) void this.#worker.terminate();
  }

  #take({ id, content }: Numbered<Answer>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) {
      this.#worker.unref();
      if (this.#stops) void this.#worker.terminate();
    }
    if ("images" in content) waiting?.resolve(content.images);
    else waiting?.reject(new DataSourceError(content.problem));
  }

  #end(reason: string): void {
    this.isAlive = false;
    for (const { reject } of this.#waiting.values()) {
      reject(new DataSourceError(`the thread that decodes images failed: ${reason}`));
    }
    this.#waiting.clear();
  }
}
