/** @file What was read from files, kept until a file changes. */
import { stat } from "node:fs/promises";
import { join } from "node:path";

interface Entry<Value> {
  readonly stamp: string;
  /** Those who ask while it is being read wait for the same. */
  readonly value: Promise<Value | undefined>;
}

export interface CachedRead<Value> {
  /** @returns undefined where the file does not exist or cannot be read as what it should be */
  (folder: string): Promise<Value | undefined>;
  /** Whether it was read before, so that it is likely to be at hand. */
  knows(folder: string): boolean;
}

/**
 * A function of a folder whose result holds as long as one file in it stays as it is: its time, its
 * size, its number on the disk (a file that is replaced gets another).
 */
export function cachedByStamp<Value>(
  read: (folder: string) => Promise<Value | undefined>,
  file: string,
): CachedRead<Value> {
  const known = new Map<string, Entry<Value>>();
  const cached = async (folder: string) => {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (!found?.isFile()) {
      known.delete(folder);
      return undefined;
    }
    const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
    const before = known.get(folder);
    if (before?.stamp === stamp) return before.value;
    const value = read(folder).catch(() => undefined);
    known.set(folder, { stamp, value });
    return value;
  };
  return Object.assign(cached, { knows: (folder: string) => known.has(folder) });
}
