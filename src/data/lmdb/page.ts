/** @file One page of an LMDB file: its kind and its nodes, checked before anything trusts them. */
import {
  NODE_DATABASE,
  NODE_HEADER_BYTES,
  NODE_OVERFLOW,
  PAGE_BRANCH,
  PAGE_HEADER_BYTES,
  PAGE_LEAF,
  damaged,
} from "./format.ts";

/** Where the value of a leaf node lies: in the page itself, or in pages of its own. */
export interface ValuePlace {
  readonly bytes: number;
  /** Offset in this page; -1 when the value lies in overflow pages. */
  readonly offset: number;
  /** First overflow page; -1 when the value lies in this page. */
  readonly overflowPage: number;
}

/** A branch or leaf page: sorted nodes, each with a key. */
export class Page {
  readonly #path: string;
  /** Where the page starts in the file. */
  readonly position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Number of nodes; never 0. */
  readonly count: number;

  /**
   * @param position where the page starts in the file, for errors
   * @throws DataSourceError when the header is not that of page `number` or not of the wanted kind
   */
  constructor(path: string, position: number, bytes: Uint8Array, number: number, isLeaf: boolean) {
    this.#path = path;
    this.position = position;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#checkHeader(number, isLeaf ? PAGE_LEAF : PAGE_BRANCH);
    this.count = (this.#view.getUint16(12, true) - PAGE_HEADER_BYTES) >> 1;
  }

  /** The key of node `index`, a view; the first node of a branch page may have an empty one. */
  key(index: number): Uint8Array {
    const node = this.#node(index);
    const start = node + NODE_HEADER_BYTES;
    const end = start + this.#view.getUint16(node + 6, true);
    if (end > this.#bytes.length) throw this.#damaged(node, "a key passes the end of its page");
    return this.#bytes.subarray(start, end);
  }

  /** The page below node `index` of a branch page. */
  child(index: number): number {
    const node = this.#node(index);
    return this.#view.getUint32(node, true) + this.#view.getUint16(node + 4, true) * 2 ** 32;
  }

  /** Where the value of node `index` of a leaf page lies. */
  value(index: number): ValuePlace {
    const node = this.#node(index);
    const flags = this.#view.getUint16(node + 4, true);
    const bytes = this.#view.getUint32(node, true);
    if (flags & NODE_DATABASE) {
      throw this.#damaged(node, "a named database lies where a Caffe dataset has a record");
    }
    const offset = node + NODE_HEADER_BYTES + this.#view.getUint16(node + 6, true);
    const isOutside = (flags & NODE_OVERFLOW) !== 0;
    if (offset + (isOutside ? 8 : bytes) > this.#bytes.length) {
      throw this.#damaged(node, "a value passes the end of its page");
    }
    if (!isOutside) return { bytes, offset, overflowPage: -1 };
    const low = this.#view.getUint32(offset, true);
    const high = this.#view.getUint32(offset + 4, true);
    return { bytes, offset: -1, overflowPage: low + high * 2 ** 32 };
  }

  /** A view of bytes of this page. */
  bytes(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }

  #node(index: number): number {
    const place = PAGE_HEADER_BYTES + 2 * index;
    const node = this.#view.getUint16(place, true);
    const lowest = PAGE_HEADER_BYTES + 2 * this.count;
    if (node < lowest || node + NODE_HEADER_BYTES > this.#bytes.length) {
      throw this.#damaged(place, `node ${index} lies outside of its page`);
    }
    return node;
  }

  #checkHeader(number: number, kind: number): void {
    const stored = this.#view.getBigUint64(0, true);
    if (stored !== BigInt(number)) {
      throw this.#damaged(0, `page ${number} says that it is page ${stored}`);
    }
    const flags = this.#view.getUint16(10, true);
    if ((flags & 0x6f) !== kind) {
      const wanted = kind === PAGE_LEAF ? "a leaf" : "a branch";
      throw this.#damaged(
        10,
        `page ${number} should be ${wanted}, not of kind 0x${flags.toString(16)}`,
      );
    }
    const lower = this.#view.getUint16(12, true);
    const upper = this.#view.getUint16(14, true);
    const isSound = lower > PAGE_HEADER_BYTES && lower <= upper && upper <= this.#bytes.length;
    if (!isSound || lower % 2 !== 0) {
      throw this.#damaged(12, `page ${number} has an impossible list of nodes`);
    }
  }

  #damaged(offset: number, problem: string): Error {
    return damaged(this.#path, this.position + offset, problem);
  }
}
