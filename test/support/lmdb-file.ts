/** @file Writes LMDB files page by page, for page sizes and places that no library here writes. */
import { ftruncateSync, openSync, closeSync, writeSync } from "node:fs";

export type TestRecord = readonly [key: string, value: Uint8Array];

export interface FileOptions {
  readonly pageBytes?: number;
  /** Number of the first data page; a large one makes a large, sparse file. */
  readonly firstPage?: number;
  /** Most nodes a page, to make trees deep. */
  readonly maxNodes?: number;
}

interface Node {
  readonly key: Buffer;
  readonly bytes: Buffer;
}

const HEADER = 16;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const META = 8;

/** Writes records, which must be sorted by key, as a file of data format 1. */
export function writeLmdbFile(
  path: string,
  records: readonly TestRecord[],
  { pageBytes = 4096, firstPage = 2, maxNodes = Number.POSITIVE_INFINITY }: FileOptions = {},
): void {
  const file = openSync(path, "w");
  let next = firstPage;
  const put = (pages: number, make: (page: Buffer) => void) => {
    const number = next;
    const buffer = Buffer.alloc(pages * pageBytes);
    writeNumber(buffer, 0, number);
    make(buffer);
    writeSync(file, buffer, 0, buffer.length, number * pageBytes);
    next += pages;
    return number;
  };

  const leafNode = ([key, value]: TestRecord): Node => {
    const header = nodeHeader(value.length, 0, key);
    if (8 + key.length + value.length <= pageBytes / 2 - 10) {
      return { key: Buffer.from(key), bytes: Buffer.concat([header, Buffer.from(key), value]) };
    }
    const number = put(Math.ceil((HEADER + value.length) / pageBytes), (page) => {
      page.writeUInt16LE(OVERFLOW, 10);
      page.writeUInt32LE(page.length / pageBytes, 12);
      page.set(value, HEADER);
    });
    const place = Buffer.alloc(8);
    writeNumber(place, 0, number);
    header.writeUInt16LE(1, 4);
    return { key: Buffer.from(key), bytes: Buffer.concat([header, Buffer.from(key), place]) };
  };

  let nodes = records.map(leafNode);
  let depth = 0;
  let root = -1;
  const counts = { branch: 0, leaf: 0 };
  while (nodes.length > 1 || depth === 0) {
    if (nodes.length === 0) break;
    const kind = depth === 0 ? LEAF : BRANCH;
    const groups = grouped(nodes, pageBytes, maxNodes);
    counts[depth === 0 ? "leaf" : "branch"] += groups.length;
    nodes = groups.map((group) => {
      root = put(1, (page) => fillPage(page, kind, group));
      const key = group[0]!.key;
      const header = nodeHeader(root % 2 ** 32, Math.floor(root / 2 ** 32), key.toString());
      return { key, bytes: Buffer.concat([header, key]) };
    });
    depth++;
  }
  const meta = { pageBytes, depth, root, entries: records.length, last: next - 1, ...counts };
  for (const number of [0, 1]) {
    writeSync(file, metaPage(number, meta), 0, pageBytes, number * pageBytes);
  }
  ftruncateSync(file, Math.max(2, next) * pageBytes);
  closeSync(file);
}

function nodeHeader(low: number, high: number, key: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(low, 0);
  header.writeUInt16LE(high, 4);
  header.writeUInt16LE(Buffer.byteLength(key), 6);
  return header;
}

function grouped(nodes: readonly Node[], pageBytes: number, maxNodes: number): Node[][] {
  const groups: Node[][] = [];
  let room = 0;
  for (const node of nodes) {
    const size = 2 + node.bytes.length + (node.bytes.length % 2);
    const group = groups.at(-1);
    if (group && size <= room && group.length < maxNodes) group.push(node);
    else {
      groups.push([node]);
      room = pageBytes - HEADER;
    }
    room -= size;
  }
  return groups;
}

function fillPage(page: Buffer, kind: number, nodes: readonly Node[]): void {
  let upper = page.length;
  nodes.forEach(({ bytes }, i) => {
    upper -= bytes.length + (bytes.length % 2);
    page.set(bytes, upper);
    page.writeUInt16LE(upper, HEADER + 2 * i);
  });
  page.writeUInt16LE(kind, 10);
  page.writeUInt16LE(HEADER + 2 * nodes.length, 12);
  page.writeUInt16LE(upper, 14);
}

function metaPage(
  number: number,
  meta: Record<"pageBytes" | "depth" | "root" | "entries" | "last" | "branch" | "leaf", number>,
): Buffer {
  const page = Buffer.alloc(meta.pageBytes);
  writeNumber(page, 0, number);
  page.writeUInt16LE(META, 10);
  page.writeUInt32LE(0xbeefc0de, 16);
  page.writeUInt32LE(1, 20);
  writeNumber(page, 32, 2 ** 40);
  page.writeUInt32LE(meta.pageBytes, 40);
  page.writeUInt16LE(8, 44);
  page.fill(0xff, 80, 88);
  page.writeUInt16LE(meta.depth, 94);
  writeNumber(page, 96, meta.branch);
  writeNumber(page, 104, meta.leaf);
  writeNumber(page, 120, meta.entries);
  if (meta.root < 0) page.fill(0xff, 128, 136);
  else writeNumber(page, 128, meta.root);
  writeNumber(page, 136, meta.last);
  writeNumber(page, 144, number);
  return page;
}

function writeNumber(buffer: Buffer, at: number, value: number): void {
  buffer.writeBigUInt64LE(BigInt(value), at);
}
