/** @file Files that are either whole or not there. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ModelFileError } from "../errors.ts";

/**
 * Writes the chunks to a new file beside `path` and gives it that name when all of it lies on the
 * disk. Whatever goes wrong, and whenever the process dies, `path` is the old file or the new one.
 * @throws ModelFileError when the file cannot be written; nothing is left behind then. An error of
 *   the chunks' own passes unchanged.
 */
export async function writeFileAtomically(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  await replaceFile(path, async (file) => {
    for await (const chunk of chunks) await attempt(path, () => writeAll(file, chunk));
  });
}

/**
 * As `writeFileAtomically`, for content that a library writes.
 * @param write gets the new file, empty, and its name
 */
export async function replaceFile(
  path: string,
  write: (file: FileHandle, temporary: string) => void | Promise<void>,
): Promise<void> {
  const temporary = temporaryBeside(path);
  const file = await attempt(path, () => open(temporary, "wx"));
  try {
    try {
      await write(file, temporary);
      await attempt(path, () => file.sync());
    } finally {
      await file.close();
    }
    await attempt(path, () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** A new name in the same folder, hidden, so that a rename stays within one file system. */
export function temporaryBeside(path: string): string {
  const unique = `${process.pid}-${randomBytes(4).toString("hex")}`;
  return join(dirname(path), `.${basename(path)}.writing-${unique}`);
}

/** Puts a folder's list of names on the disk, where the system can; a rename is not lasting before. */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // Some systems (Windows, a few network file systems) cannot sync folders; the file itself is safe.
  } finally {
    await folder?.close();
  }
}

/** The system's code of an error, such as "ENOENT"; undefined for an error that has none. */
export function systemCode(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** What the system said, without its call and path: `no space left on device (ENOSPC)`. */
export function systemReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message.startsWith("EISDIR")) return "it is a folder (EISDIR)";
  return message.replace(/^([A-Z0-9]+): ([^,]*),.*$/s, "$2 ($1)");
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done);
    done += bytesWritten;
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new ModelFileError(`${path}: cannot be written: ${systemReason(cause)}`, { cause });
  }
}
