/** @file What was read from files, kept until a file changes. */
import { stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * A function of a folder whose result holds as long as one file in it stays as it is: its time, its
 * size, its number on the disk (a file that is replaced gets another).
 * @returns undefined where the file does not exist or cannot be read as what it should be
 */
export function cachedByStamp<Value>(
  read: (folder: string) => Promise<Value | undefined>,
  file: string,
): (folder: string) => Promise<Value | undefined> {
  const known = new Map<string, { stamp: string; value: Value | undefined }>();
  return async (folder) => {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (!found?.isFile()) {
      known.delete(folder);
      return undefined;
    }
    const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
    const before = known.get(folder);
    if (before?.stamp === stamp) return before.value;
    const value = await read(folder).catch(() => undefined);
    known.set(folder, { stamp, value });
    return value;
  };
}
