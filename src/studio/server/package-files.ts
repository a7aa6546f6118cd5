/** @file Where the package lies: the built command line, the pages, the networks that come with it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = packageRoot();

export const packageFiles = {
  program: join(ROOT, "dist/src/cli/main.js"),
  segmentWorker: join(ROOT, "dist/src/studio/worker/segment.js"),
  checkWorker: join(ROOT, "dist/src/studio/worker/check.js"),
  client: join(ROOT, "dist/studio"),
  networks: join(ROOT, "networks"),
} as const;

export function packageVersion(): string {
  const text = readFileSync(join(ROOT, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The folder of the package.json nearest above this file. */
function packageRoot(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    if (existsSync(new URL("package.json", folder))) return fileURLToPath(folder);
    if (folder.pathname === "/") throw new Error("internal: no package.json above the studio");
  }
}
