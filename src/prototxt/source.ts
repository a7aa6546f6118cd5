/** @file A source text: from an offset to line and column, and to an excerpt with a caret. */
import { type Location, PrototxtError } from "../errors.ts";

/** Half-open range of offsets into a source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The longest part of a line that an excerpt shows, in characters. */
const EXCERPT_WIDTH = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would obey these; a tab is harmless
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;
const SKIPPED = /(?:\s+|#[^\n]*)*/y;

/** The text of a file with the places of its lines. Columns count characters; a tab is one. */
export class Source {
  readonly text: string;
  readonly fileName: string;
  #lineStarts: readonly number[] | undefined;

  constructor(text: string, fileName: string) {
    this.text = text;
    this.fileName = fileName;
  }

  locationAt(offset: number): Location {
    const index = this.#lineIndexAt(offset);
    const column = offset - this.#starts()[index]! + 1;
    return { file: this.fileName, line: index + 1, column };
  }

  /**
   * Where protobuf's parser stands when it has read a name or a value and does not like it: at the
   * next token. Where that is on another line, the end of what was read, so that the line is right.
   */
  offsetAfter(end: number): number {
    SKIPPED.lastIndex = end;
    SKIPPED.test(this.text);
    const next = SKIPPED.lastIndex;
    return this.text.slice(end, next).includes("\n") ? end : next;
  }

  /** The line of `span.start` with `^~~~` under the span, and the line's number before it. */
  excerptOf(span: Span): string {
    const index = this.#lineIndexAt(span.start);
    const lineStart = this.#starts()[index]!;
    const newline = this.text.indexOf("\n", lineStart);
    const lineEnd = newline < 0 ? this.text.length : newline;
    const from = Math.max(lineStart, Math.min(span.start - EXCERPT_WIDTH / 2, lineEnd));
    const to = Math.min(lineEnd, from + EXCERPT_WIDTH);
    const line = this.text.slice(from, to).replace(/\r$/, "").replace(CONTROLS, "\uFFFD");
    const before = line.slice(0, span.start - from).replace(/[^\t]/g, " ");
    const width = Math.max(1, Math.min(span.end, to) - span.start);
    const number = String(index + 1);
    const margin = " ".repeat(number.length);
    return `${number} | ${line}\n${margin} | ${before}^${"~".repeat(width - 1)}`;
  }

  /**
   * An error at a place in this text.
   * @param at the offset that the message names as line and column
   * @param span what the excerpt marks
   */
  error(message: string, at: number, span: Span = { start: at, end: at + 1 }): PrototxtError {
    return new PrototxtError(message, {
      location: this.locationAt(at),
      excerpt: this.excerptOf(span),
    });
  }

  #lineIndexAt(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #starts(): readonly number[] {
    if (!this.#lineStarts) {
      const starts = [0];
      for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) {
        starts.push(at + 1);
      }
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}
