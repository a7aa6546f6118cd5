/** @file Batches that are made while the net computes on the one before them. */

/** The next batch, on its way since the one before it was used. */
export class BatchAhead<Item> {
  readonly #make: () => Promise<readonly Item[]>;
  readonly #position: () => unknown;
  #coming: { readonly batch: Promise<readonly Item[]>; readonly position: unknown } | undefined;

  /**
   * @param make makes the next batch
   * @param position where the next batch starts; asked before `make` is called
   */
  constructor(make: () => Promise<readonly Item[]>, position: () => unknown) {
    this.#make = make;
    this.#position = position;
  }

  /** The next batch; the same one until `start`. An error on the way to it is thrown here. */
  next(): Promise<readonly Item[]> {
    this.#coming ??= this.#begin();
    return this.#coming.batch;
  }

  /** Begins with the batch after the one that `next` gave. */
  start(): void {
    this.#coming = this.#begin();
  }

  /** Where the next batch starts. */
  get position(): unknown {
    return this.#coming ? this.#coming.position : this.#position();
  }

  /** Waits until nothing is on its way, and forgets it: reading is about to go on elsewhere. */
  async stop(): Promise<void> {
    await this.#coming?.batch.catch(() => {});
    this.#coming = undefined;
  }

  #begin() {
    const position = this.#position();
    const batch = this.#make();
    // Whoever asks for the batch gets the error; nobody may ever ask.
    batch.catch(() => {});
    return { batch, position };
  }
}

/**
 * Calls `make(0)`, `make(1)`, ... in this order, at most `limit` of them under way at a time.
 * @returns what came of them, in order; after an error no more are started
 */
export async function makeInOrder<T>(
  count: number,
  limit: number,
  make: (index: number) => T | Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) {
      const index = next++;
      try {
        results[index] = await make(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work));
  return results;
}
