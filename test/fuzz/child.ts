/**
 * @file A process that reads inputs one after the other, for `run.ts` to watch.
 *
 * Before each input its number goes into a file, so that it is known whatever happens then. Findings
 * are printed as lines of JSON: what was thrown, or that an input took long or much memory, which
 * `run.ts` looks at again in a process of its own.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatNamed } from "./formats/index.ts";
import { inputsOf } from "./inputs.ts";
import { MAX_GROWTH, MAX_SECONDS, verdictOn } from "./verdict.ts";

/** What `run.ts` asks for. */
export interface Task {
  readonly format: string;
  readonly corpus: string;
  readonly seed: string;
  readonly start: number;
  readonly end: number;
  /** Where the number of the current input goes. */
  readonly progress: string;
}

/** One thing that was found; `suspicion` is to be confirmed. */
export interface Finding {
  readonly index: number;
  readonly kind: "failure" | "suspicion";
  readonly text: string;
}

const peakBytes = () => process.resourceUsage().maxRSS * 1024;
const seconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function work(task: Task): Promise<void> {
  const format = formatNamed(task.format)!;
  const inputs = await inputsOf(format, task.corpus, task.seed);
  const folder = mkdtempSync(join(tmpdir(), "cortado-fuzz-"));
  const progress = openSync(task.progress, "w");
  const report = (finding: Finding) => writeSync(1, `${JSON.stringify(finding)}\n`);
  try {
    // What is loaded and compiled once is not the first input's.
    for (let index = 0; index < inputs.sound; index++) {
      await verdictOn(format, inputs.at(index), folder);
    }
    let peak = peakBytes();
    const resident = process.memoryUsage.rss();
    for (let index = task.start; index < task.end; index++) {
      const input = inputs.at(index);
      peak = Math.max(peak, peakBytes());
      writeSync(progress, String(index).padStart(12), 0);
      const before = seconds();
      const { failure } = await verdictOn(format, input, folder);
      if (failure !== undefined) report({ index, kind: "failure", text: failure });
      const took = seconds() - before;
      const growth = peakBytes() - peak;
      if (took > MAX_SECONDS) report({ index, kind: "suspicion", text: `${took.toFixed(1)} s` });
      if (growth > MAX_GROWTH) {
        const text = `${(growth / 2 ** 20).toFixed(0)} MiB`;
        report({ index, kind: "suspicion", text });
      }
    }
    const leaked = process.memoryUsage.rss() - resident;
    if (leaked > MAX_GROWTH) {
      const text = `${(leaked / 2 ** 20).toFixed(0)} MiB more after all inputs than before`;
      report({ index: task.end - 1, kind: "failure", text });
    }
    writeSync(progress, "done".padStart(12), 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await work(JSON.parse(process.argv[2]!) as Task);
// Threads of libraries and databases that are still closing need not be waited for.
process.exit(0);
