/** @file Reads the records of an LMDB in the order of their keys. */
import { PAGE_HEADER_BYTES, damaged } from "./format.ts";
import { PageFile } from "./page-file.ts";
import type { Page } from "./page.ts";

/** A read-only LMDB, open until `close`. */
export interface LmdbReader {
  /** The data file. */
  readonly path: string;
  /** Number of records. */
  readonly entries: number;
  /** A new cursor before the first record. */
  cursor(): LmdbCursor;
  /** A copy of the value under a key; text keys are UTF-8. */
  get(key: Uint8Array | string): Uint8Array | undefined;
  close(): void;
}

/** A place among the records. `key` and `value` are views that the next move may overwrite. */
export interface LmdbCursor {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Moves to the first record; false when there is none. */
  first(): boolean;
  /** Moves to the next record; false after the last, where the cursor stays. */
  next(): boolean;
  /** Moves to the first record whose key is not less than `key`; false when there is none. */
  seek(key: Uint8Array | string): boolean;
}

/**
 * Opens a database of LMDB's data format 1: a folder with a `data.mdb`, or the file itself. The
 * folder may be read-only and in use by others; no lock is taken.
 * @throws DataSourceError when it is missing, of another format, damaged or cut off (also later,
 *   when a cursor comes to the damaged place)
 */
export function openLmdb(path: string): LmdbReader {
  const file = new PageFile(path);
  return {
    path: file.path,
    entries: file.meta.entries,
    cursor: () => new Cursor(file),
    get(key) {
      const wanted = bytesOf(key);
      const cursor = new Cursor(file);
      const isThere = cursor.seek(wanted) && Buffer.compare(cursor.key, wanted) === 0;
      return isThere ? new Uint8Array(cursor.value) : undefined;
    },
    close: () => file.close(),
  };
}

/** A key as text, for logs and errors: as it is when printable, else in hexadecimal. */
export function keyText(key: Uint8Array): string {
  const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("utf8");
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(text)
    ? text
    : `0x${Buffer.from(key).toString("hex")}`;
}

const NOTHING = new Uint8Array(0);

/**
 * Walks the tree with the pages from the root to a leaf in hand. Keys must ascend strictly, as in
 * every sound file: that also ends the walk when damaged pages point back up the tree.
 */
class Cursor implements LmdbCursor {
  readonly #file: PageFile;
  readonly #pages: Page[] = [];
  readonly #indices: number[] = [];
  #key: Uint8Array = NOTHING;
  #value: Uint8Array = NOTHING;
  /** Records passed since `first`; -1 when the walk began elsewhere. */
  #passed = 0;
  #state: "before" | "on" | "after" = "before";
  #overflow: Buffer = Buffer.alloc(0);

  constructor(file: PageFile) {
    this.#file = file;
  }

  get key(): Uint8Array {
    return this.#key;
  }

  get value(): Uint8Array {
    return this.#value;
  }

  first(): boolean {
    this.#state = "before";
    if (this.#file.meta.root < 0) return false;
    this.#restart();
    this.#descend(0, this.#file.meta.root);
    this.#passed = 1;
    this.#load();
    return true;
  }

  next(): boolean {
    if (this.#state === "before") return this.first();
    if (this.#state === "after") return false;
    let level = this.#pages.length - 1;
    while (level >= 0 && ++this.#indices[level]! >= this.#pages[level]!.count) level--;
    if (level < 0) return this.#end();
    if (level < this.#pages.length - 1) {
      this.#descend(level + 1, this.#pages[level]!.child(this.#indices[level]!));
    }
    if (this.#passed >= 0) this.#passed++;
    this.#load();
    return true;
  }

  seek(key: Uint8Array | string): boolean {
    const { root, depth } = this.#file.meta;
    if (root < 0) return false;
    const wanted = bytesOf(key);
    this.#restart();
    this.#passed = -1;
    let number = root;
    for (let level = 0; level < depth; level++) {
      const isLeaf = level === depth - 1;
      const page = this.#file.page(number, isLeaf);
      this.#pages[level] = page;
      const index = isLeaf ? lowerBound(page, wanted) : childFor(page, wanted);
      this.#indices[level] = index;
      if (!isLeaf) number = page.child(index);
    }
    this.#state = "on";
    if (this.#indices[depth - 1]! < this.#pages[depth - 1]!.count) {
      this.#load();
      return true;
    }
    // All keys of this leaf are less: the next leaf's first is the one.
    this.#indices[depth - 1]!--;
    return this.next();
  }

  #restart(): void {
    this.#key = NOTHING;
    this.#state = "on";
  }

  /** Goes down from page `number` at `level` along the first nodes. */
  #descend(level: number, number: number): void {
    const { depth } = this.#file.meta;
    let below = number;
    for (let at = level; at < depth; at++) {
      const isLeaf = at === depth - 1;
      const page = this.#file.page(below, isLeaf);
      this.#pages[at] = page;
      this.#indices[at] = 0;
      if (!isLeaf) below = page.child(0);
    }
  }

  #load(): void {
    const leaf = this.#pages.at(-1)!;
    const index = this.#indices.at(-1)!;
    const key = leaf.key(index);
    if (this.#key !== NOTHING && Buffer.compare(this.#key, key) >= 0) {
      throw damaged(
        this.#file.path,
        leaf.position,
        `the key ${keyText(key)} comes after ${keyText(this.#key)}`,
      );
    }
    this.#key = key;
    const place = leaf.value(index);
    if (place.overflowPage < 0) {
      this.#value = leaf.bytes(place.offset, place.bytes);
      return;
    }
    this.#overflow = this.#file.overflow(place.overflowPage, place.bytes, this.#overflow);
    this.#value = this.#overflow.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + place.bytes);
  }

  #end(): false {
    this.#state = "after";
    const { entries } = this.#file.meta;
    if (this.#passed >= 0 && this.#passed !== entries) {
      throw damaged(
        this.#file.path,
        0,
        `the header counts ${entries} records, but there are ${this.#passed}`,
      );
    }
    return false;
  }
}

/** The first node of a leaf whose key is not less than `wanted`; `count` when all are less. */
function lowerBound(page: Page, wanted: Uint8Array): number {
  let low = 0;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(page.key(middle), wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last node of a branch page whose key is not greater than `wanted`; the first counts as least. */
function childFor(page: Page, wanted: Uint8Array): number {
  let low = 1;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(page.key(middle), wanted) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function bytesOf(key: Uint8Array | string): Uint8Array {
  return typeof key === "string" ? Buffer.from(key, "utf8") : key;
}
