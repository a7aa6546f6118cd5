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
