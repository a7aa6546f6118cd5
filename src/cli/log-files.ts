/** @file Log files as Google-log writes them: one for each level, which holds that level and all above. */
import { openSync, renameSync, symlinkSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { type LogLevel, logLevels } from "../core/logger.ts";
import { UsageError } from "../errors.ts";
import { systemReason } from "../model-file/index.ts";

/**
 * Writes lines to `caffe.<host>.<user>.log.INFO.<time>.<process>` and the like, each with a link
 * `caffe.INFO` to the newest, which is what scripts for Caffe look for. A file begins with its first
 * line of that level.
 * @throws UsageError where the folder cannot be written
 */
export function logFiles(folder: string): (level: LogLevel, line: string) => void {
  const start = new Date();
  const files = new Map<LogLevel, number>();
  const open = (level: LogLevel) => {
    const file = openLog(folder, level.toUpperCase(), start);
    files.set(level, file);
    return file;
  };
  open("info");
  return (level, line) => {
    for (const kind of logLevels.slice(0, logLevels.indexOf(level) + 1)) {
      writeSync(files.get(kind) ?? open(kind), `${line}\n`);
    }
  };
}

function openLog(folder: string, level: string, start: Date): number {
  const stamp = fileTime(start);
  const name = `caffe.${hostname()}.${userName()}.log.${level}.${stamp.replace(/[/:]/g, "").replace(" ", "-")}.${process.pid}`;
  try {
    const file = openSync(join(folder, name), "a");
    const head = [
      `Log file created at: ${stamp}`,
      `Running on machine: ${hostname()}`,
      "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg",
    ];
    writeSync(file, `${head.join("\n")}\n`);
    pointTo(name, join(folder, `caffe.${level}`));
    return file;
  } catch (cause) {
    throw new UsageError(`--log_dir ${folder}: cannot be written: ${systemReason(cause)}`, {
      cause,
    });
  }
}

/** `2023/11/23 05:14:00` */
function fileTime(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join("/");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** Makes or moves a link; there is no moment without it. */
function pointTo(target: string, link: string): void {
  const temporary = `${link}.${process.pid}`;
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a user without an entry in the system's list, as in containers
  }
}
