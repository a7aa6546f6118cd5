/** @file `npm run fuzz`: feeds damaged files to every reader and keeps what breaks one. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Finding, Task } from "./child.ts";
import type { Format } from "./format.ts";
import { formatNamed, formats } from "./formats/index.ts";
import { inputsOf } from "./inputs.ts";

const USAGE = `npm run fuzz -- [FORMAT...] [--count N] [--seed S] [--only NUMBER] [--out FOLDER] [--corpus FOLDER]
  formats: ${formats.map(({ name }) => name).join(", ")}; default: all
  --count  inputs a format (default 10000)
  --seed   any text; another one gives other inputs (default 1)
  --only   run one input again, by its number
  --out    where inputs that broke something go (default fuzz-failures)
  --corpus inputs that are kept, in a folder a format (default test/fuzz/corpus)`;

/** How long a process may stay with one input, whoever else the machine works for. */
const PATIENCE_MS = 20_000;

const child = fileURLToPath(new URL("child.js", import.meta.url));

interface Settings {
  readonly count: number;
  readonly seed: string;
  readonly only: number | undefined;
  readonly out: string;
  readonly corpus: string;
}

/** What one process made of its inputs. */
interface Watched {
  readonly findings: readonly Finding[];
  /** The input at which the process died or was stopped. */
  readonly stoppedAt?: { readonly index: number; readonly why: string };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      out: { type: "string", default: "fuzz-failures" },
      corpus: { type: "string", default: "test/fuzz/corpus" },
      help: { type: "boolean", default: false },
    },
  });
  const chosen = positionals.map((name) => formatNamed(name));
  if (values.help || chosen.includes(undefined)) {
    process.stdout.write(`${USAGE}\n`);
    return values.help ? 0 : 1;
  }
  const only = values.only === undefined ? undefined : Number(values.only);
  const settings = { ...values, count: Number(values.count), only };
  let failures = 0;
  for (const format of chosen.length > 0 ? (chosen as Format[]) : formats) {
    failures += await fuzz(format, settings);
  }
  return failures === 0 ? 0 : 1;
}

/** @returns the number of failures */
async function fuzz(format: Format, settings: Settings): Promise<number> {
  const started = performance.now();
  const [start, end] =
    settings.only === undefined ? [0, settings.count] : [settings.only, settings.only + 1];
  let failures = 0;
  for (let next = start; next < end; ) {
    const { findings, stoppedAt } = await watch(format, settings, next, end);
    const sure = findings.filter(({ kind }) => kind === "failure");
    const unsure = findings.filter(({ kind }) => kind === "suspicion");
    for (const { index, text } of unsure) {
      if (await isConfirmed(format, settings, index)) sure.push({ index, kind: "failure", text });
    }
    if (stoppedAt) sure.push({ index: stoppedAt.index, kind: "failure", text: stoppedAt.why });
    for (const finding of sure) await keep(format, settings, finding);
    failures += sure.length;
    next = stoppedAt ? stoppedAt.index + 1 : end;
  }
  const seconds = (performance.now() - started) / 1000;
  const count = `${end - start} inputs`;
  process.stdout.write(`${format.name}: ${count}, ${failures} failures, ${seconds.toFixed(0)} s\n`);
  return failures;
}

/** Whether an input alone takes too long or too much again. */
async function isConfirmed(format: Format, settings: Settings, index: number): Promise<boolean> {
  const { findings, stoppedAt } = await watch(format, settings, index, index + 1);
  return findings.length > 0 || stoppedAt !== undefined;
}

/** Lets a process read inputs, and stops it when it stays with one for too long. */
async function watch(
  format: Format,
  { corpus, seed }: Settings,
  start: number,
  end: number,
): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), "cortado-fuzz-run-"));
  const progress = join(folder, "progress");
  writeFileSync(progress, "");
  const task: Task = { format: format.name, corpus, seed, start, end, progress };
  const flags = ["--max-old-space-size=1024"];
  const running = spawn(process.execPath, [...flags, child, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
  const at = () => readFileSync(progress, "utf8").trim();
  const stop = stopWhenStuck(running, at);
  const [output, errors, ended] = await Promise.all([
    textOf(running.stdout!),
    textOf(running.stderr!),
    new Promise<string>((resolve) => {
      running.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    }),
  ]);
  stop();
  const last = at();
  rmSync(folder, { recursive: true, force: true });
  const findings = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Finding);
  if (last === "done") return { findings };
  if (last === "") throw new Error(`the process did not start (${ended}):\n${errors}`);
  const why =
    ended === "SIGKILL"
      ? `no end after ${PATIENCE_MS / 1000} s`
      : `the process ended (${ended})\n${errors.slice(0, 4000)}`;
  return { findings, stoppedAt: { index: Number(last), why } };
}

function stopWhenStuck(running: ChildProcess, at: () => string): () => void {
  let last = "";
  let since = performance.now();
  const timer = setInterval(() => {
    const now = at();
    if (now !== last) since = performance.now();
    last = now;
    if (performance.now() - since > PATIENCE_MS) running.kill("SIGKILL");
  }, 500);
  return () => clearInterval(timer);
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Writes the input and what happened beside each other, and says so. */
async function keep(format: Format, settings: Settings, { index, text }: Finding): Promise<void> {
  const inputs = await inputsOf(format, settings.corpus, settings.seed);
  const folder = join(settings.out, format.name);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${settings.seed}-${index}`);
  writeFileSync(path, inputs.at(index));
  writeFileSync(`${path}.txt`, `${text}\n`);
  const [firstLine] = text.split("\n");
  process.stdout.write(`${format.name} ${index}: ${firstLine} (${path})\n`);
}

process.exitCode = await main();
