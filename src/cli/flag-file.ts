/** @file `--flagfile=FILE`: flags from a file, one a line, as gflags reads them. */
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import { systemReason } from "../model-file/atomic-write.ts";

const FLAG = /^--?flagfile(?:=([\s\S]*))?$/;

/**
 * The words of a command line with the flags of its flag files in the places of these.
 * @param open the files that are being read, which a file must not name again
 * @throws UsageError for a file that cannot be read, or that names itself
 */
export function withFlagFiles(words: readonly string[], open: readonly string[] = []): string[] {
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") return [...result, ...words.slice(i)];
    const match = FLAG.exec(word);
    if (!match) {
      result.push(word);
      continue;
    }
    const path = match[1] ?? words[++i];
    if (path === undefined) throw new UsageError("flag '--flagfile' is missing its argument");
    if (open.includes(path)) throw new UsageError(`the flag file ${path} names itself`);
    result.push(...withFlagFiles(flagsOf(path), [...open, path]));
  }
  return result;
}

/** Lines that begin with a dash; others are comments, or names of programs that a part is meant for. */
function flagsOf(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`--flagfile ${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("-"));
}
