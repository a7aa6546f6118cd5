/** @file Processes that this server did not start itself: are they what their records say? */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isAlive } from "../../job/job-record.ts";

/**
 * Whether a process runs, and was started with these words: the number of one that ended may be
 * another's by now, who must be neither waited for nor interrupted.
 */
export function runsWith(pid: number | undefined, words: readonly string[]): boolean {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return false;
  const command = commandOf(pid);
  return words.every((word) => command.includes(word));
}

/** What a process was started with; "" where that cannot be told. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // Another system than Linux.
  }
  try {
    return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
