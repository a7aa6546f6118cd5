/** @file Golden runs of Caffe's command line. */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { recordedIo } from "./io.ts";
import { sharedPath } from "./shared.ts";

/** A copy of what a golden run read, without what it wrote. */
export async function goldenRun(name: string): Promise<{ readonly folder: string } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  const source = sharedPath("golden/cli", name);
  for (const file of readdirSync(source)) {
    const isInput = /\.prototxt$|^(train|test)\.(txt|h5)$|^w\.h5$|^init\.caffemodel$/.test(file);
    if (isInput) cpSync(join(source, file), join(folder, file));
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The command line of a golden run, without the tool's name. */
export function goldenArguments(name: string): string[] {
  const text = readFileSync(sharedPath("golden/cli", name, "cmd.txt"), "utf8");
  return text.trim().split(/\s+/).slice(1);
}

/** The lines of a golden run's log. */
export function goldenLog(name: string): string[] {
  return readFileSync(sharedPath("golden/cli", name, "stderr.log"), "utf8")
    .replace(/\n$/, "")
    .split("\n");
}

/** Runs a command line in a folder, as a shell would. */
export async function runIn(folder: string, args: readonly string[]) {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const io = recordedIo(folder);
    const code = await main(args, io);
    return { code, out: io.stdout, err: io.stderr.flatMap((line) => line.split("\n")) };
  } finally {
    process.chdir(before);
  }
}

/** Log lines from the one that holds `first` on, without prefix; what depends on time is left out. */
export function messages(lines: readonly string[], first: string): string[] {
  const texts = lines
    .filter((line) => /^[IWEF]\d{4} /.test(line))
    .map((line) => withoutTimes(line).replace(/^\S+ \S+\] /, ""));
  return texts.slice(texts.findIndex((text) => text.includes(first)));
}

/** A line of a log without date, time, thread and speed: `I solver.cpp:289] Solving TinyNet`. */
export function withoutTimes(line: string): string {
  return line
    .replace(/^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ /, "$1 ")
    .replace(/\(\S+ iter\/s, \S+s\//, "(- iter/s, -s/")
    .replace(/: \S+ ms\.$/, ": - ms.");
}

/** Whether two lines agree when numbers may differ by one in the sixth digit. */
export function sameLine(actual: string | undefined, expected: string): boolean {
  const number = /-?\d+\.?\d*(?:e[-+]\d+)?/g;
  if (actual?.replaceAll(number, "#") !== expected.replaceAll(number, "#")) return false;
  const [a, b] = [actual, expected].map((line) => (line.match(number) ?? []).map(Number));
  return b!.every((value, i) => Math.abs(a![i]! - value) <= 1.1e-5 * Math.abs(value) + 1e-9);
}
