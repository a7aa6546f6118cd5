/** @file Builds the pages of an LMDB from records in ascending order, front to back, in one pass. */
import {
  NODE_HEADER_BYTES,
  NODE_OVERFLOW,
  PAGE_BRANCH,
  PAGE_HEADER_BYTES,
  PAGE_LEAF,
  PAGE_OVERFLOW,
  metaPage,
} from "./format.ts";

/** The page size of liblmdb on x86; readers take it from the header. */
const PAGE_BYTES = 4096;
/** A longer node has its value in pages of its own, so that two nodes fit a page (liblmdb's `me_nodemax`). */
const MAX_NODE_BYTES = 2038;
const FIRST_DATA_PAGE = 2;

interface Node {
  /** The least key below a branch node, or the key of a record. */
  readonly key: Uint8Array;
  /** Length of the value, or the page below a branch node. */
  readonly number: number;
  readonly flags: number;
  /** The value, or where it lies; nothing in a branch node. */
  readonly value: Uint8Array;
}

/** Nodes of one page that is not written yet. */
class Group {
  readonly nodes: Node[] = [];
  #room = PAGE_BYTES - PAGE_HEADER_BYTES;

  /** Adds a node if there is room for it. */
  add(node: Node): boolean {
    const bytes = 2 + evenBytes(node);
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    this.nodes.push(node);
    return true;
  }
}

/** The pages of one level of the tree. */
interface Level {
  /** Full, and waiting: its last node may be needed to give the page after it a second one. */
  waiting: Group | undefined;
  current: Group;
  pages: number;
}

/**
 * Writes leaf pages as they fill, and keeps one or two pages of each level in memory. The two header
 * pages come last, when the root is known.
 */
export class TreeWriter {
  readonly #append: (bytes: Uint8Array) => void;
  readonly #page = Buffer.alloc(PAGE_BYTES);
  readonly #levels: Level[] = [];
  #nextPage = FIRST_DATA_PAGE;
  #overflowPages = 0;
  #entries = 0;

  /** @param append takes the file's bytes in order, from its start; they are overwritten afterwards */
  constructor(append: (bytes: Uint8Array) => void) {
    this.#append = append;
    append(Buffer.alloc(FIRST_DATA_PAGE * PAGE_BYTES));
  }

  get entries(): number {
    return this.#entries;
  }

  /** Adds a record; its key must be greater than the one before. */
  add(key: Uint8Array, value: Uint8Array): void {
    const isLong = NODE_HEADER_BYTES + key.length + value.length > MAX_NODE_BYTES;
    this.#insert(0, {
      // Copies; the `slice` of a Buffer is a view.
      key: new Uint8Array(key),
      number: value.length,
      flags: isLong ? NODE_OVERFLOW : 0,
      value: isLong ? this.#writeOverflow(value) : new Uint8Array(value),
    });
    this.#entries++;
  }

  /** Writes what is left. @returns the header pages, for the start of the file */
  finish(): Uint8Array {
    let root = -1;
    for (let depth = 0; depth < this.#levels.length; depth++) {
      const level = this.#levels[depth]!;
      const isRoot = depth === this.#levels.length - 1 && !level.waiting;
      if (!isRoot) this.#balance(level, depth);
      if (level.waiting) this.#close(level.waiting, depth);
      if (isRoot) root = this.#writePage(level.current, depth);
      else this.#close(level.current, depth);
    }
    const [leaves, ...branches] = this.#levels.map(({ pages }) => pages);
    const tree = {
      pageBytes: PAGE_BYTES,
      root,
      depth: this.#levels.length,
      entries: this.#entries,
      lastPage: this.#nextPage - 1,
      branchPages: branches.reduce((sum, pages) => sum + pages, 0),
      leafPages: leaves ?? 0,
      overflowPages: this.#overflowPages,
    };
    return Buffer.concat([metaPage(tree, 0), metaPage(tree, 1)]);
  }

  #insert(depth: number, node: Node): void {
    this.#levels[depth] ??= { waiting: undefined, current: new Group(), pages: 0 };
    const level = this.#levels[depth];
    if (level.current.add(node)) return;
    if (level.waiting) this.#close(level.waiting, depth);
    level.waiting = level.current;
    level.current = new Group();
    level.current.add(node);
  }

  /** A branch page has at least two nodes in liblmdb: the last one borrows from the one before. */
  #balance(level: Level, depth: number): void {
    if (depth === 0 || !level.waiting || level.current.nodes.length > 1) return;
    const balanced = new Group();
    balanced.add(level.waiting.nodes.pop()!);
    balanced.add(level.current.nodes[0]!);
    level.current = balanced;
  }

  /** Writes a page and hangs it into the level above. */
  #close(group: Group, depth: number): void {
    const number = this.#writePage(group, depth);
    this.#insert(depth + 1, { key: group.nodes[0]!.key, number, flags: 0, value: NOTHING });
  }

  #writePage({ nodes }: Group, depth: number): number {
    const page = this.#page.fill(0);
    const number = this.#startPage(depth === 0 ? PAGE_LEAF : PAGE_BRANCH, 1);
    let upper = PAGE_BYTES;
    nodes.forEach((node, i) => {
      // The first node of a branch page stands for everything below the second.
      const key = depth > 0 && i === 0 ? NOTHING : node.key;
      upper -= evenBytes({ ...node, key });
      writeNode(page, upper, { ...node, key }, depth > 0);
      page.writeUInt16LE(upper, PAGE_HEADER_BYTES + 2 * i);
    });
    page.writeUInt16LE(PAGE_HEADER_BYTES + 2 * nodes.length, 12);
    page.writeUInt16LE(upper, 14);
    this.#append(page);
    this.#levels[depth]!.pages++;
    return number;
  }

  /** Writes a value to pages of its own. @returns the number of the first, as a node holds it */
  #writeOverflow(value: Uint8Array): Uint8Array {
    const pages = Math.ceil((PAGE_HEADER_BYTES + value.length) / PAGE_BYTES);
    this.#page.fill(0, 0, PAGE_HEADER_BYTES);
    const number = this.#startPage(PAGE_OVERFLOW, pages);
    this.#page.writeUInt32LE(pages, 12);
    this.#append(this.#page.subarray(0, PAGE_HEADER_BYTES));
    this.#append(value);
    const rest = pages * PAGE_BYTES - PAGE_HEADER_BYTES - value.length;
    this.#append(this.#page.fill(0).subarray(0, rest));
    this.#overflowPages += pages;
    const place = Buffer.alloc(8);
    place.writeBigUInt64LE(BigInt(number));
    return place;
  }

  #startPage(kind: number, pages: number): number {
    const number = this.#nextPage;
    this.#nextPage += pages;
    this.#page.writeBigUInt64LE(BigInt(number), 0);
    this.#page.writeUInt16LE(kind, 10);
    return number;
  }
}

const NOTHING = new Uint8Array(0);

function evenBytes({ key, value }: Pick<Node, "key" | "value">): number {
  const bytes = NODE_HEADER_BYTES + key.length + value.length;
  return bytes + (bytes % 2);
}

/** A branch node has its page number in 48 bits, where a leaf node has a length and flags. */
function writeNode(page: Buffer, at: number, node: Node, isBranch: boolean): void {
  page.writeUInt32LE(node.number % 2 ** 32, at);
  page.writeUInt16LE(isBranch ? Math.floor(node.number / 2 ** 32) : node.flags, at + 4);
  page.writeUInt16LE(node.key.length, at + 6);
  page.set(node.key, at + NODE_HEADER_BYTES);
  page.set(node.value, at + NODE_HEADER_BYTES + node.key.length);
}
