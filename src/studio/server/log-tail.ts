/** @file The end of a log file. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const TAIL_BYTES = 64 * 1024;

export const isProgress = (line: string) => line.startsWith("progress: ");

/** The last lines, without those of progress; none where there is no file. */
export function tailLines(file: string, count: number): string[] {
  return said(tail(file).lines, count);
}

/** The last whole lines, and the place behind them, so that one can read on from there. */
export function tailWithEnd(file: string, count: number): { lines: string[]; end: number } {
  const { lines, cut, end } = tail(file);
  return { lines: said(cut === 0 ? lines : lines.slice(0, -1), count), end: end - cut };
}

function said(lines: readonly string[], count: number): string[] {
  return lines.filter((line) => !isProgress(line)).slice(-count);
}

/** The last progress line, 0 to 1; undefined before the first. */
export function lastProgress(file: string): number | undefined {
  const line = tail(file).lines.findLast(isProgress);
  const percent = /(\d+) %/.exec(line ?? "")?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

/** The last thing that a command said: the reason why it ended. */
export function lastSentence(file: string): string {
  const lines = tailLines(file, 20).filter((line) => line.trim() !== "");
  // An error in a text is followed by its line and a caret.
  const last = lines.findLast((line) => !/^\s/.test(line));
  return last?.replace(/^(cortado|error): /, "") ?? "it ended without a word";
}

interface Tail {
  readonly lines: readonly string[];
  /** Bytes of a last line that no line feed ends yet. */
  readonly cut: number;
  readonly end: number;
}

function tail(file: string): Tail {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return { lines: [], cut: 0, end: 0 };
  }
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - start);
    readSync(handle, bytes, 0, bytes.length, start);
    const lines = bytes.toString("utf8").split("\n");
    if (start > 0) lines.shift();
    const cut = bytes.length - (bytes.lastIndexOf(0x0a) + 1);
    return { lines: lines.filter((line) => line !== ""), cut, end: size };
  } finally {
    closeSync(handle);
  }
}
