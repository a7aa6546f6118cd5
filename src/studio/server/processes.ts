/** @file Processes that this server did not start itself: are they what their records say? */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
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

/** A little lower than everything else: pages answer quickly while trainings take all that is left. */
const PRIORITY = 5;

/** Lets a process that has just started, and its threads to come, give way to others. */
export function giveWay(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch {
    // It is gone, or the system does not let us.
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
