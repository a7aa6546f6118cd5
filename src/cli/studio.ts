/** @file `cortado studio`: datasets, models, curves and tests in a browser. */
import { mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { systemCode } from "../model-file/index.ts";
import { startStudio } from "../studio/index.ts";
import { list, text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";

export const studioCommand: Command = {
  name: "studio",
  summary: "datasets, models, curves and tests in a browser",
  flags: {
    port: {
      type: "int32",
      summary: "the port to listen on; 0 for any that is free",
      default: 5000,
    },
    host: {
      type: "string",
      value: "ADDRESS",
      summary: "the address to listen on; any but a loopback address asks for a token",
      default: "127.0.0.1",
    },
    jobs: { type: "string", value: "DIR", summary: "the folder of the jobs", default: "jobs" },
    data: {
      type: "string",
      value: "DIRS",
      summary: "folders that datasets and weights may come from, separated by ','; here if absent",
    },
    parallel: { type: "int32", summary: "how many models train at a time", default: 1 },
    "trusted-layers": {
      type: "boolean",
      summary: "run custom layers unfenced: for a studio that only you use",
      default: false,
    },
  },

  async run(flags, _positionals, io) {
    const jobs = resolve(io.cwd, text(flags, "jobs"));
    const data = (flags.data === undefined ? ["."] : list(flags, "data")).map((path) =>
      resolve(io.cwd, path),
    );
    for (const folder of data) {
      const found = await stat(folder).catch(() => undefined);
      if (!found?.isDirectory()) throw new UsageError(`--data: ${folder} is no folder`);
    }
    const parallel = Number(flags.parallel);
    if (parallel < 1) throw new UsageError(`--parallel is ${parallel}; give at least 1`);
    await mkdir(jobs, { recursive: true });
    const port = Number(flags.port);
    const host = text(flags, "host");
    const trustedLayers = flags["trusted-layers"] === true;
    const options = { jobs, data, host, port, parallel, trustedLayers };
    const studio = await startStudio(options).catch((error: unknown) => {
      throw listenError(error, host, port);
    });
    io.out(`The studio is at ${studio.url}`);
    io.out(`jobs in ${jobs}; Ctrl-C stops it, and trainings with a snapshot`);
    await untilInterrupted(io.signal);
    io.err("stopping ...");
    await studio.close();
    return 0;
  },
};

function listenError(error: unknown, host: string, port: number): unknown {
  const code = systemCode(error);
  if (code === "EADDRINUSE") {
    return new UsageError(`port ${port} is in use; give another with --port, or 0 for any`);
  }
  if (code === "EACCES") return new UsageError(`port ${port} needs rights that you do not have`);
  if (code === "EADDRNOTAVAIL") return new UsageError(`${host} is no address of this machine`);
  return error;
}

function untilInterrupted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done) => {
    if (signal?.aborted) done();
    signal?.addEventListener("abort", () => done(), { once: true });
  });
}
