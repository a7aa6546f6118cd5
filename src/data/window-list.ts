/** @file Window files: images, and the windows in each that show an object or none. */
import { DataSourceError } from "../errors.ts";
import { systemReason } from "../model-file/index.ts";
import { readWholeFile } from "./whole-file.ts";

/** An image of a window file. */
export interface WindowImage {
  /** As the file writes it. */
  readonly path: string;
  /** `windows.txt:7`, where the image begins. */
  readonly place: string;
  readonly channels: number;
}

/** A part of an image; both corners belong to it. */
export interface Window {
  readonly image: number;
  readonly label: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Windows in a few numbers each: there may be ten million. */
export class WindowTable {
  #values = new Int32Array(6 * 1024);
  length = 0;

  add({ image, label, x1, y1, x2, y2 }: Window): void {
    const at = 6 * this.length++;
    if (at === this.#values.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set([image, label, x1, y1, x2, y2], at);
  }

  at(index: number): Window {
    const values = this.#values.subarray(6 * index, 6 * index + 6);
    const [image = 0, label = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = values;
    return { image, label, x1, y1, x2, y2 };
  }
}

export interface WindowList {
  readonly images: readonly WindowImage[];
  readonly foreground: WindowTable;
  /** All with the label 0. */
  readonly background: WindowTable;
}

/**
 * Reads a window file (BVLC WindowDataLayer), any number of times:
 *
 *     # image_index
 *     path
 *     channels height width
 *     number_of_windows
 *     class overlap x1 y1 x2 y2        (once a window)
 *
 * @param fgThreshold an overlap from here on is foreground
 * @param bgThreshold an overlap below is background; what lies between is left out
 * @throws DataSourceError with the line where the file is something else
 */
export function readWindowList(path: string, fgThreshold: number, bgThreshold: number): WindowList {
  const words = new Words(path, readWindowFile(path));
  const images: WindowImage[] = [];
  const foreground = new WindowTable();
  const background = new WindowTable();
  if (words.atEnd()) throw new DataSourceError(`Window file is empty: ${path}`);
  while (!words.atEnd()) {
    const { image, windows } = readImage(words, images.length);
    images.push(image);
    for (let n = 0; n < windows; n++) {
      const label = words.integer("a class");
      const overlap = Math.fround(words.number("an overlap"));
      const [x1, y1, x2, y2] = [
        words.integer("x1"),
        words.integer("y1"),
        words.integer("x2"),
        words.integer("y2"),
      ];
      const window = { image: images.length - 1, label, x1, y1, x2, y2 };
      if (overlap >= fgThreshold) {
        if (label <= 0) words.fail(`a foreground window has a class above 0, not ${label}`);
        foreground.add(window);
      } else if (overlap < bgThreshold) background.add({ ...window, label: 0 });
    }
  }
  return { images, foreground, background };
}

function readImage(words: Words, index: number) {
  const place = words.nextPlace();
  const mark = words.word('"#"');
  if (mark !== "#") words.fail(`an image begins with "#", not "${mark}"`);
  const number = words.integer("the number of an image");
  if (number !== index) {
    words.fail(
      `the image ${number} stands where ${index} is due: images are numbered 0, 1, 2, ...`,
    );
  }
  const path = words.word("the path of an image");
  const channels = words.integer("a number of channels");
  words.integer("a height");
  words.integer("a width");
  const windows = words.integer("a number of windows");
  if (windows < 0) words.fail(`there cannot be ${windows} windows`);
  return { image: { path, place, channels }, windows };
}

function readWindowFile(path: string): Buffer {
  try {
    return readWholeFile(path);
  } catch (cause) {
    const reason = systemReason(cause);
    throw new DataSourceError(`Failed to open window file ${path}: ${reason}`, { cause });
  }
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const MAX_INT = 2 ** 31 - 1;

/** The words of a text between blanks, one after the other. */
class Words {
  readonly #path: string;
  readonly #bytes: Buffer;
  /** The line that `#counted` bytes reach into. */
  #line = 1;
  #counted = 0;
  /** Where the last word starts, and where the next is looked for. */
  #start = 0;
  #at = 0;

  constructor(path: string, bytes: Buffer) {
    this.#path = path;
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    while (this.#at < this.#bytes.length && this.#bytes[this.#at]! <= SPACE) this.#at++;
    return this.#at === this.#bytes.length;
  }

  /** @param expected what an error calls the word */
  word(expected: string): string {
    this.atEnd();
    this.#start = this.#at;
    while (this.#at < this.#bytes.length && this.#bytes[this.#at]! > SPACE) this.#at++;
    if (this.#at === this.#start) this.fail(`the file ends where ${expected} is due`);
    return this.#bytes.toString("utf8", this.#start, this.#at);
  }

  number(expected: string): number {
    const word = this.word(expected);
    const value = Number(word);
    if (!Number.isFinite(value))
      this.fail(`"${word.slice(0, 40)}" stands where ${expected} is due`);
    return value;
  }

  integer(expected: string): number {
    const value = this.number(expected);
    const fits = Number.isInteger(value) && Math.abs(value) <= MAX_INT;
    if (!fits) this.fail(`${expected} is a whole number of 32 bits, not ${value}`);
    return value;
  }

  /** The place of the word that comes next. */
  nextPlace(): string {
    this.atEnd();
    return this.#place(this.#at);
  }

  /** @throws DataSourceError with the line of the last word */
  fail(problem: string): never {
    throw new DataSourceError(`${this.#place(this.#start)}: ${problem}`);
  }

  /** Lines are counted only where somebody asks. */
  #place(at: number): string {
    while (this.#counted < at) if (this.#bytes[this.#counted++] === NEWLINE) this.#line++;
    return `${this.#path}:${this.#line}`;
  }
}
