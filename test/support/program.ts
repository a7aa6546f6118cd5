/** @file The built `cortado` in a process of its own: watched, signalled, killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
export const hasProgram = existsSync(program);

export interface RunningProgram {
  readonly child: ChildProcess;
  /** The exit code; null after a signal. */
  readonly exit: Promise<number | null>;
  /** Waits for a text in standard error. @throws Error if the process ends without it */
  shows(text: string): Promise<void>;
  /** All of standard error so far. */
  err(): string;
}

/**
 * Starts `cortado` in a folder.
 * @param nodeOptions options of Node itself, such as `--import=FILE`
 */
export function startProgram(
  folder: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): RunningProgram {
  const words = [...nodeOptions, program, ...args];
  const child = spawn(process.execPath, words, { cwd: folder });
  let err = "";
  const watchers = new Set<() => void>();
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => err.includes(text) && resolve();
      watchers.add(look);
      look();
      exit.then((code) => reject(new Error(`ended with ${code} before "${text}": ${err}`)));
    });
  return { child, exit, shows, err: () => err };
}
