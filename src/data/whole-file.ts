/** @file Files that are read in one piece. */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";

/** A larger file would not fit into one piece of memory. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * What a file holds.
 * @throws the system's error, or one that says that this is no file, or too large a one
 */
export function readWholeFile(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error("it is no file");
    if (stat.size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
