/** @file What writers of databases have in common. */

/** A database that is being written. Its folder has its name only after `close`. */
export interface RecordWriter {
  /** The folder, once it is written. */
  readonly path: string;
  /** Records put so far. */
  readonly entries: number;
  /**
   * Adds a record; the bytes may be changed afterwards.
   * @param key greater than the key before; text is UTF-8
   * @throws DataSourceError for another key, which is left out, or when the disk is full: then nothing
   *   is left of the database
   */
  put(key: Uint8Array | string, value: Uint8Array): void | Promise<void>;
  /** Puts everything on the disk and gives the folder its name. */
  close(): Promise<void>;
  /** Removes everything; does nothing after `close`. */
  abort(): Promise<void>;
}
