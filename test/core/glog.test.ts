import { expect, test } from "vitest";
import { glogLogger } from "../../src/core/glog.ts";

test("writes the classic prefix, which scripts take the time from", () => {
  const lines: string[] = [];
  const time = new Date(2020, 10, 3, 5, 14, 7).getTime() + 1.25;
  const logger = glogLogger(
    (line) => lines.push(line),
    () => time,
  );
  logger.log("info", "solver.cpp:289", "Solving X");
  logger.log("warning", "a.cpp:1", "");
  logger.log("error", "b.cpp:2", "two\nlines");
  const thread = String(process.pid).padStart(5);
  expect(lines).toEqual([
    `I1103 05:14:07.001250 ${thread} solver.cpp:289] Solving X`,
    `W1103 05:14:07.001250 ${thread} a.cpp:1] `,
    `E1103 05:14:07.001250 ${thread} b.cpp:2] two\nlines`,
  ]);
});

test("follows the clock", () => {
  const lines: string[] = [];
  const before = Date.now();
  glogLogger((line) => lines.push(line)).log("info", "x:1", "now");
  const [, month, day, time] = /^I(\d\d)(\d\d) (\S+) /.exec(lines[0]!)!;
  const year = new Date(before).getFullYear();
  const written = new Date(`${year}-${month}-${day}T${time!.slice(0, 12)}`).getTime();
  expect(Math.abs(written - before)).toBeLessThan(2000);
});
