/** @file The end of a log file. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const TAIL_BYTES = 64 * 1024;
const PROGRESS = /^progress: /;

/** The last lines, without those of progress; none where there is no file. */
export function tailLines(file: string, count: number): string[] {
  return tail(file)
    .filter((line) => !PROGRESS.test(line))
    .slice(-count);
}

/** The last progress line, 0 to 1; undefined before the first. */
export function lastProgress(file: string): number | undefined {
  const line = tail(file).findLast((candidate) => PROGRESS.test(candidate));
  const percent = /(\d+) %/.exec(line ?? "")?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

/** The last thing that a command said: the reason why it ended. */
export function lastSentence(file: string): string {
  const lines = tailLines(file, 20).filter((line) => line.trim() !== "");
  // An error in a text is followed by its line and a caret.
  const said = lines.findLast((line) => !/^\s/.test(line));
  return said?.replace(/^(cortado|error): /, "") ?? "it ended without a word";
}

function tail(file: string): string[] {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - start);
    readSync(handle, bytes, 0, bytes.length, start);
    const lines = bytes.toString("utf8").split("\n");
    if (start > 0) lines.shift();
    return lines.filter((line) => line !== "");
  } finally {
    closeSync(handle);
  }
}
