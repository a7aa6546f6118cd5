/** @file Runs a small program against the built package in a process of its own, to kill it or to fill its disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = new URL("../../dist/src/", import.meta.url);

export const hasBuild = existsSync(fileURLToPath(new URL("data/index.js", built)));

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/**
 * Starts a module of JavaScript.
 * @param imports names by the file of `src/` that exports them
 * @param options.fileBytes the largest file that the process may write; more fails as a full disk does
 */
export function startBuilt(
  imports: Readonly<Record<string, string>>,
  body: string,
  options: { readonly fileBytes?: number } = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const lines = Object.entries(imports).map(
    ([file, names]) => `import { ${names} } from ${JSON.stringify(new URL(file, built).href)};`,
  );
  // ulimit counts blocks of 1024 bytes in bash.
  const limit = options.fileBytes ? `ulimit -f ${options.fileBytes / 1024}; ` : "";
  const child = spawn("bash", ["-c", `${limit}exec "$0" --input-type=module`, process.execPath]);
  child.stdin!.end(`${lines.join("\n")}\n${body}`);
  let output = "";
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, output }));
  });
  return { child, ended };
}
