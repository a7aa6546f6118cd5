/** @file Lists of images and labels, a name and a number a line. */
import { DataSourceError } from "../errors.ts";
import { systemReason } from "../model-file/index.ts";
import { readWholeFile } from "./whole-file.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * The lines of a list, in the order of the file. A line is split at its last space, so that names may
 * hold spaces; without a space it is all name, and its own label (BVLC ImageDataLayer). Empty lines do
 * not count, where Caffe would look for an image without a name.
 *
 * Only places are kept of each line: a list of a million lines takes little more than its file.
 */
export class ImageList {
  /** The file, as errors name it. */
  readonly path: string;
  readonly #bytes: Buffer;
  /** Where each line starts and ends, by turns. */
  readonly #ranges: Uint32Array;
  /** The number of each line in the file, from 1. */
  readonly #numbers: Uint32Array;

  /** @throws DataSourceError when the file cannot be read, or has no lines */
  constructor(path: string) {
    this.path = path;
    this.#bytes = readList(path);
    const { ranges, numbers } = findLines(this.#bytes);
    if (numbers.length === 0) throw new DataSourceError(`File is empty: ${path} lists no images`);
    this.#ranges = ranges;
    this.#numbers = numbers;
  }

  get length(): number {
    return this.#numbers.length;
  }

  /** `list.txt:3`, for errors. */
  place(index: number): string {
    return `${this.path}:${this.#numbers[index]}`;
  }

  nameOf(index: number): string {
    const [start, end] = this.#rangeOf(index);
    const space = this.#lastSpace(start, end);
    return this.#bytes.toString("utf8", start, space < 0 ? end : space);
  }

  /** What C's `atoi` reads at the start of the label, 0 where that is no number. */
  labelOf(index: number): number {
    const number = Number.parseInt(this.labelTextOf(index), 10);
    return Number.isNaN(number) ? 0 : number | 0;
  }

  labelTextOf(index: number): string {
    const [start, end] = this.#rangeOf(index);
    const space = this.#lastSpace(start, end);
    return this.#bytes.toString("utf8", space < 0 ? start : space + 1, end);
  }

  #rangeOf(index: number): readonly [start: number, end: number] {
    return [this.#ranges[2 * index]!, this.#ranges[2 * index + 1]!];
  }

  #lastSpace(start: number, end: number): number {
    const space = this.#bytes.lastIndexOf(SPACE, end - 1);
    return space < start ? -1 : space;
  }
}

function readList(path: string): Buffer {
  try {
    return readWholeFile(path);
  } catch (cause) {
    throw new DataSourceError(`File is empty: ${path} cannot be read: ${systemReason(cause)}`, {
      cause,
    });
  }
}

function findLines(bytes: Buffer) {
  const count = countLines(bytes);
  const ranges = new Uint32Array(2 * count);
  const numbers = new Uint32Array(count);
  let found = 0;
  // Editors on Windows begin a text with a byte order mark.
  let start = bytes.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  for (let number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isBlank(bytes, start, end)) {
      ranges[2 * found] = start;
      ranges[2 * found + 1] = end;
      numbers[found++] = number;
    }
    start = end + 1;
  }
  return { ranges: ranges.subarray(0, 2 * found), numbers: numbers.subarray(0, found) };
}

function countLines(bytes: Buffer): number {
  let count = 1;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === NEWLINE) count++;
  return count;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! > SPACE) return false;
  return true;
}
