/** @file An Io for tests: keeps what a command writes. */
import type { Io } from "../../src/cli/command.ts";

export interface RecordedIo extends Io {
  readonly stdout: string[];
  readonly stderr: string[];
}

export function recordedIo(cwd = process.cwd()): RecordedIo {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return {
    stdout,
    stderr,
    cwd,
    out: (line) => void stdout.push(line),
    err: (line) => void stderr.push(line),
  };
}
