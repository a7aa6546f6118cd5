/** @file Folders that are either whole or not there. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { systemReason, temporaryBeside } from "../../model-file/atomic-write.ts";

/**
 * Fills a new folder beside `path` and gives it that name when `fill` is done; whatever goes wrong, `path` is what it
 * was before.
 *
 * @param marker a file that `fill` writes; only a folder that has it, or is empty, is ever replaced
 * @param force replaces such a folder; without it `path` must not exist
 * @throws DataSourceError when `path` exists or cannot be written; errors of `fill` pass unchanged.
 */
export async function writeFolder<Result>(
  path: string,
  marker: string,
  force: boolean,
  fill: (folder: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(path);
  await checkReplaceable(target, marker, force);
  const temporary = temporaryBeside(target);
  try {
    await inFolder(path, () => mkdir(temporary, { recursive: true }));
    const result = await fill(temporary);
    await inFolder(path, () => replace(target, temporary));
    return result;
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    throw cause;
  }
}

/** Turns the system's complaint about a file into one that names the folder being written. */
export async function inFolder<Result>(
  path: string,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    throw new DataSourceError(`${path}: cannot be written: ${systemReason(cause)}`, { cause });
  }
}

async function checkReplaceable(target: string, marker: string, force: boolean): Promise<void> {
  if (!existsSync(target)) return;
  if (!(await stat(target)).isDirectory()) {
    throw new DataSourceError(`${target}: is a file, where a folder is to be written`);
  }
  const files = await readdir(target);
  if (files.length === 0) return;
  if (!force) {
    throw new DataSourceError(`${target}: exists already; choose another folder, or give --force`);
  }
  if (!files.includes(marker)) {
    throw new DataSourceError(
      `${target}: is not replaced even with --force, because it has no ${marker} and so was not written by cortado`,
    );
  }
}

async function replace(target: string, temporary: string): Promise<void> {
  if (!existsSync(target)) return rename(temporary, target);
  const old = temporaryBeside(target);
  await rename(target, old);
  await rename(temporary, target);
  await rm(old, { recursive: true, force: true });
}
