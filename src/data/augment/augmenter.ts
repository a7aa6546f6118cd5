/** @file Batches of images to the image thread and back, in memory that is reserved once. */
import { DataSourceError } from "../../errors.ts";
import type { Planes } from "../datum.ts";
import { openImageDecoder } from "../decoder/index.ts";
import type { Augmentation } from "./settings.ts";

/** What the images of a batch may take as floats. */
const MAX_BATCH_BYTES = 4 * 2 ** 30;

/** Augments the records of one layer, in a thread that works on while the net computes. */
export class Augmenter {
  readonly #settings: Augmentation;
  readonly #thread = openImageDecoder();
  #from = new SharedArrayBuffer(0);
  #to = new SharedArrayBuffer(0);

  constructor(settings: Augmentation) {
    this.#settings = settings;
  }

  /**
   * @param first how many records the layer has read before these
   * @returns images whose values change with the next call
   * @throws DataSourceError when they take more than 4 GiB
   */
  async augment(images: readonly Planes[], first: number): Promise<Planes[]> {
    const [from, to] = this.#reserve(images);
    let start = 0;
    const results = images.map(({ channels, height, width, data }): Planes => {
      from.set(data, start);
      const end = start + data.length;
      const values = to.subarray(start, end);
      start = end;
      return { channels, height, width, data: values };
    });
    const sizes = images.map(({ channels, height, width }) => ({ channels, height, width }));
    const memory = { from: this.#from, to: this.#to };
    await this.#thread.augment({ ...memory, sizes, settings: this.#settings, first });
    return results;
  }

  close(): void {
    this.#thread.close();
  }

  #reserve(images: readonly Planes[]): [Float32Array, Float32Array] {
    const bytes = 4 * images.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > MAX_BATCH_BYTES) {
      throw new DataSourceError(
        `the images of a batch take ${bytes} bytes to augment, more than ${MAX_BATCH_BYTES}; use a smaller batch_size`,
      );
    }
    if (bytes > this.#from.byteLength) {
      this.#from = new SharedArrayBuffer(bytes);
      this.#to = new SharedArrayBuffer(bytes);
    }
    return [new Float32Array(this.#from), new Float32Array(this.#to)];
  }
}
