import { readFileSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { caffeCommandFlags } from "../../src/cli/caffe-flags.ts";
import { commandLogger } from "../../src/cli/command-logger.ts";
import { commandHelp } from "../../src/cli/help.ts";
import { recordedIo } from "../support/io.ts";
import { temporaryFolder } from "../support/solver.ts";

afterEach(() => vi.unstubAllEnvs());

/** Logs one message of each level with some flags. @returns what came to standard error */
function logged(...args: string[]): string[] {
  const io = recordedIo();
  const logger = commandLogger(parseArguments(args, caffeCommandFlags([])).flags, io);
  logger.log("info", "a.cpp:1", "said");
  logger.log("warning", "a.cpp:2", "warned");
  logger.log("error", "a.cpp:3", "failed\nbadly");
  return io.stderr;
}

const texts = (lines: readonly string[]) => lines.map((line) => line.replace(/^.*?\] /, ""));

describe("-log_dir", () => {
  test("has a file of each level, as Google-log names and heads them, and a link to the newest", () => {
    using folder = temporaryFolder();
    const lines = logged("-log_dir", folder.path);
    for (const [i, level] of ["INFO", "WARNING", "ERROR"].entries()) {
      const file = readFileSync(join(folder.path, `caffe.${level}`), "utf8");
      const [created, machine, format, ...rest] = file.trimEnd().split("\n");
      expect(created).toMatch(/^Log file created at: \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d$/);
      expect(machine).toBe(`Running on machine: ${hostname()}`);
      expect(format).toBe("Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg");
      expect(rest).toEqual(lines.slice(i).flatMap((line) => line.split("\n")));
    }
    const names = readdirSync(folder.path).filter((name) => name.includes(".log."));
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(name).toMatch(/^caffe\..+\.log\.(INFO|WARNING|ERROR)\.\d{8}-\d{6}\.\d+$/);
    }
  });

  test("may come from the environment", () => {
    using folder = temporaryFolder();
    vi.stubEnv("GLOG_log_dir", folder.path);
    logged();
    expect(readdirSync(folder.path)).toContain("caffe.INFO");
  });

  test("of a folder that is not there is one clear error", () => {
    expect(() => logged("-log_dir", "no/such/folder")).toThrow(
      "--log_dir no/such/folder: cannot be written: no such file or directory (ENOENT)",
    );
  });
});

test("-minloglevel leaves out what is less important", () => {
  expect(texts(logged())).toEqual(["said", "warned", "failed\nbadly"]);
  expect(texts(logged("-minloglevel", "1"))).toEqual(["warned", "failed\nbadly"]);
  vi.stubEnv("GLOG_minloglevel", "2");
  expect(texts(logged())).toEqual(["failed\nbadly"]);
});

test("other flags of Google-log, and Caffe's own of other commands, are taken and left alone", () => {
  const flags = ["-logtostderr=1", "--alsologtostderr", "-stderrthreshold=0", "-v=1", "-solver=x"];
  expect(texts(logged(...flags))).toHaveLength(3);
  const help = commandHelp({
    ...{ name: "time", summary: "", run: async () => 0 },
    flags: caffeCommandFlags(["model"]),
  });
  expect(help.match(/^ {2}--\w+/gm)).toEqual([
    ...[
      "  --model",
      "  --layers",
      "  --device",
      "  --threads",
      "  --engine",
      "  --log_dir",
      "  --minloglevel",
    ],
  ]);
});
