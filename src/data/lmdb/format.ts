/**
 * @file LMDB's file format, version 1: what Caffe, DIGITS, py-lmdb and every liblmdb 0.9 write.
 *
 * A file is an array of pages of one size. Pages 0 and 1 each hold a meta record; the one with the
 * newer transaction number is the current one, and names the root of a B+ tree. A page starts with
 * 16 bytes: number (8), unused (2), kind (2), `lower` and `upper` (2 + 2), or in an overflow page the
 * number of pages it spans (4). All numbers are little-endian.
 */
import { DataSourceError } from "../../errors.ts";

export const PAGE_HEADER_BYTES = 16;
export const NODE_HEADER_BYTES = 8;

/** Bits of a page's kind. */
export const PAGE_BRANCH = 0x01;
export const PAGE_LEAF = 0x02;
export const PAGE_OVERFLOW = 0x04;
const PAGE_META = 0x08;

/** Bits of a leaf node: the value lies in overflow pages; the value is a named database. */
export const NODE_OVERFLOW = 0x01;
export const NODE_DATABASE = 0x02;

/** The deepest tree that liblmdb itself can walk (`CURSOR_STACK`). */
const MAX_DEPTH = 32;

const MAGIC = 0xbeefc0de;
const META_BYTES = 152;
const NO_PAGE = 2n ** 64n - 1n;

/** The main database as the current meta record describes it. */
export interface Meta {
  readonly pageBytes: number;
  readonly transaction: number;
  readonly entries: number;
  /** Levels of the tree, leaves included; 0 when there are no records. */
  readonly depth: number;
  /** Page number of the root; -1 when there are no records. */
  readonly root: number;
  readonly lastPage: number;
}

/** Fills `into` from a byte position of the file and returns how many bytes there were. */
export type ReadAt = (into: Uint8Array, position: number) => number;

/**
 * Reads both meta records and returns the newer one.
 * @throws DataSourceError when this is no LMDB file of format 1, saying which other file it is
 */
export function readMeta(read: ReadAt, path: string, fileBytes: number): Meta {
  const first = metaAt(read, path, 0);
  const { pageBytes } = first;
  const second = metaAt(read, path, pageBytes);
  if (second.pageBytes !== pageBytes) {
    throw damaged(path, pageBytes, "the two headers disagree on the page size");
  }
  const meta = second.transaction > first.transaction ? second : first;
  const position = meta === second ? pageBytes : 0;
  const isEmpty = meta.entries === 0;
  if (isEmpty !== meta.root < 0 || isEmpty !== (meta.depth === 0) || meta.depth > MAX_DEPTH) {
    throw damaged(
      path,
      position,
      `the header counts ${meta.entries} records in a tree of depth ${meta.depth}`,
    );
  }
  // The smallest record takes a node header and a place in its page's list of nodes.
  if (meta.entries * (NODE_HEADER_BYTES + 2) > fileBytes) {
    throw damaged(
      path,
      position,
      `the header counts ${meta.entries} records, more than ${fileBytes} bytes can hold`,
    );
  }
  return meta;
}

/** What a header says of a new file. */
export interface NewTree extends Omit<Meta, "transaction"> {
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
}

/** A header page, as the first transaction of liblmdb leaves it. */
export function metaPage(tree: NewTree, transaction: 0 | 1): Uint8Array {
  const page = Buffer.alloc(tree.pageBytes);
  const put = (offset: number, value: number) => page.writeBigUInt64LE(BigInt(value), offset);
  put(0, transaction);
  page.writeUInt16LE(PAGE_META, 10);
  page.writeUInt32LE(MAGIC, 16);
  page.writeUInt32LE(1, 20);
  // Address space for who opens it without saying how much; the file may grow to twice its size.
  put(32, Math.max(2 ** 20, 2 ** Math.ceil(Math.log2((tree.lastPage + 1) * tree.pageBytes) + 1)));
  page.writeUInt32LE(tree.pageBytes, 40);
  // The list of free pages: keyed by integers, and empty.
  page.writeUInt16LE(8, 44);
  page.writeBigUInt64LE(NO_PAGE, 80);
  page.writeUInt16LE(tree.depth, 94);
  put(96, tree.branchPages);
  put(104, tree.leafPages);
  put(112, tree.overflowPages);
  put(120, tree.entries);
  if (tree.root < 0) page.writeBigUInt64LE(NO_PAGE, 128);
  else put(128, tree.root);
  put(136, tree.lastPage);
  put(144, transaction);
  return page;
}

function metaAt(read: ReadAt, path: string, position: number): Meta {
  const bytes = new Uint8Array(META_BYTES);
  const length = read(bytes, position);
  if (length < META_BYTES) {
    const what = position === 0 && length === 0 ? "the file is empty" : "the file ends here";
    throw damaged(path, position + length, what);
  }
  const view = new DataView(bytes.buffer);
  checkKind(view, path, position);
  const pageBytes = view.getUint32(40, true);
  if (pageBytes < 256 || pageBytes > 32768 || (pageBytes & (pageBytes - 1)) !== 0) {
    throw damaged(path, position + 40, `${pageBytes} is no page size`);
  }
  const flags = view.getUint16(92, true);
  if (flags !== 0) {
    throw new DataSourceError(
      `${path}: this LMDB keeps its records in an order of its own, or several under one key (flags ` +
        `0x${flags.toString(16)}); a Caffe dataset has plain keys. Create the dataset again without them.`,
    );
  }
  const number = (offset: number) => readCount(view, offset, path, position);
  const root = view.getBigUint64(128, true);
  return {
    pageBytes,
    depth: view.getUint16(94, true),
    entries: number(120),
    root: root === NO_PAGE ? -1 : number(128),
    lastPage: number(136),
    transaction: number(144),
  };
}

/** Tells a format-1 meta page from everything that may lie there instead. */
function checkKind(view: DataView, path: string, position: number): void {
  const isMagic = (offset: number) => view.getUint32(offset, true) === MAGIC;
  const version = view.getUint32(20, true);
  if (isMagic(16) && version === 1) {
    if (view.getUint16(10, true) & PAGE_META) return;
    throw damaged(path, position + 10, "the header is not marked as one");
  }
  const isNewer = (isMagic(16) && version !== 1) || isMagic(24);
  if (isNewer) {
    throw new DataSourceError(
      `${path}: written in LMDB's data format 2 (by the npm package lmdb 3.x or LMDB 1.0), which Caffe ` +
        "cannot read either. Convert it: read the records with the program that wrote them and write " +
        "them with py-lmdb, the npm package lmdb@2.6.8-v1 or cortado, which write format 1.",
    );
  }
  if (isMagic(12) || view.getUint32(16, false) === MAGIC) {
    throw new DataSourceError(
      `${path}: written on a 32-bit or big-endian machine. Dump it there with mdb_dump and load the ` +
        "dump with mdb_load on this kind of machine.",
    );
  }
  if (position === 0) {
    throw new DataSourceError(
      `${path}: not an LMDB file. A dataset is the folder (or its data.mdb) that Caffe, DIGITS or ` +
        "cortado wrote.",
    );
  }
  throw damaged(path, position, "the second header is not there");
}

/** A 64-bit number that must be exact in a double. */
function readCount(view: DataView, offset: number, path: string, base: number): number {
  const value = view.getBigUint64(offset, true);
  if (value > Number.MAX_SAFE_INTEGER) {
    throw damaged(path, base + offset, `${value} is too large a number`);
  }
  return Number(value);
}

/** The error for a file that contradicts itself at a byte position. */
export function damaged(path: string, position: number, problem: string): DataSourceError {
  return new DataSourceError(
    `${path}: damaged or cut off at byte ${position}: ${problem}. Copy the file again, or create the ` +
      "dataset again.",
  );
}
