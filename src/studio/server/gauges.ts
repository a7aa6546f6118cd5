/** @file How busy a training keeps the machine: processor, memory, GPU. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { promisify } from "node:util";
import { residentBytes } from "../../custom/index.ts";
import type { Gauges } from "../api-types.ts";
import { availableBytes } from "../check/memory.ts";

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

interface Look {
  readonly pid: number;
  readonly seconds: number;
  readonly at: number;
}

/** Looks at processes again and again; the processor time between two looks makes a share. */
export class GaugeReader {
  readonly #last = new Map<string, Look>();

  /** @param id the job's, whose process may change */
  async read(id: string, pid: number): Promise<Gauges> {
    const gpu = await readGpu();
    return {
      cores: await this.#cores(id, pid),
      coreCount: availableParallelism(),
      memory: residentBytes(pid),
      memoryFree: availableBytes(),
      memoryTotal: totalmem(),
      ...(gpu ? { gpu } : {}),
    };
  }

  async #cores(id: string, pid: number): Promise<number | undefined> {
    const seconds = await processorSeconds(pid);
    if (seconds === undefined) return undefined;
    const before = this.#last.get(id);
    const look = { pid, seconds, at: performance.now() };
    this.#last.set(id, look);
    if (before?.pid !== pid || look.at - before.at < 100) return undefined;
    return ((seconds - before.seconds) * 1000) / (look.at - before.at);
  }
}

/** User and system time of a process and of those that it has waited for; undefined where it cannot be told. */
async function processorSeconds(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // The second field, a name in brackets, may have spaces in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).map(Number);
  if (ticks.length < 4 || ticks.some(Number.isNaN)) return undefined;
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

let hasGpu = true;

/** What NVIDIA's own tool tells of the first GPU. */
async function readGpu(): Promise<Gauges["gpu"]> {
  if (!hasGpu) return undefined;
  const query = "utilization.gpu,memory.used,memory.total,temperature.gpu";
  try {
    const { stdout } = await promisify(execFile)(
      "nvidia-smi",
      [`--query-gpu=${query}`, "--format=csv,noheader,nounits"],
      { timeout: 2000 },
    );
    return gpuOf(stdout);
  } catch {
    hasGpu = false;
    return undefined;
  }
}

/** @param text a line a GPU: percent, MiB, MiB, degrees */
export function gpuOf(text: string): Gauges["gpu"] {
  const [use, memory, memoryTotal, celsius] = (text.split("\n")[0] ?? "").split(",").map(Number);
  const values = [use, memory, memoryTotal, celsius];
  if (!values.every((value) => value !== undefined && Number.isFinite(value))) return undefined;
  const mebi = 2 ** 20;
  return {
    ...{ use: use! / 100, memory: memory! * mebi, memoryTotal: memoryTotal! * mebi },
    celsius: celsius!,
  };
}
