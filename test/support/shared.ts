/** @file The folder of reference data beside the package; tests that need it are skipped where it is absent. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));

export function sharedPath(...parts: readonly string[]): string {
  return join(shared, ...parts);
}

export const hasShared = existsSync(shared);
