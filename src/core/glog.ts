/** @file A logger that writes Google-log lines, which Caffe's and DIGITS' scripts parse. */
import type { LogLevel, Logger } from "./logger.ts";

const LETTERS: Readonly<Record<LogLevel, string>> = { info: "I", warning: "W", error: "E" };

/**
 * Writes `I1123 05:14:00.123456 12345 solver.cpp:289] Solving TinyNet` lines in local time.
 *
 * This is the classic prefix without a year: upstream's extract_seconds.py knows no other.
 * @param write takes one line without its end; a message of several lines has one prefix
 * @param now milliseconds since 1970, with microseconds as fraction
 */
export function glogLogger(
  write: (line: string) => void,
  now: () => number = () => performance.timeOrigin + performance.now(),
): Logger {
  const thread = String(process.pid).padStart(5);
  return {
    log(level, source, message) {
      write(`${LETTERS[level]}${timestamp(now())} ${thread} ${source}] ${message}`);
    },
  };
}

/** `MMDD hh:mm:ss.uuuuuu` */
function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  const micros = Math.floor((milliseconds * 1000) % 1_000_000);
  return `${day} ${time}.${String(micros).padStart(6, "0")}`;
}
