/** @file A folder for the files of one test file, removed afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** @returns a function that joins paths to the folder */
export function temporaryFolder(name: string): (...parts: readonly string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), `cortado-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}
