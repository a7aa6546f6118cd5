/** @file A folder that stands for a LevelDB's own, so that reading leaves that one as it is. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Tables, logs and descriptors: files that LevelDB never changes once they have their names. */
const FROZEN = /^(\d+\.(ldb|sst|log)|MANIFEST-\d+)$/;

/**
 * LevelDB has no way of reading alone: opening locks the folder, brings its log into a table, and
 * writes a new descriptor. Here this happens in a temporary folder of links to the files, so that a
 * database may be read-only, on a network, and open as often as one likes.
 * @returns the folder, for `removeViewFolder`
 */
export function makeViewFolder(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "cortado-leveldb-"));
  removeAtExit(folder);
  try {
    for (const name of readdirSync(path)) {
      const from = resolve(path, name);
      if (FROZEN.test(name)) linkOrCopy(from, join(folder, name));
      // Written anew under this name.
      if (name === "CURRENT") copyFileSync(from, join(folder, name));
    }
  } catch (error) {
    removeViewFolder(folder);
    throw error;
  }
  return folder;
}

/** Removes the folder, not what its links point to. Files that are still open go when they are closed. */
export function removeViewFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** Folders of databases that nobody closed. */
const folders = new Set<string>();
let removesAtExit = false;

function removeAtExit(folder: string): void {
  folders.add(folder);
  if (removesAtExit) return;
  removesAtExit = true;
  process.once("exit", () => [...folders].forEach(removeViewFolder));
}

/** Windows lets few users make links. */
function linkOrCopy(from: string, to: string): void {
  try {
    symlinkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
