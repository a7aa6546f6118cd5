/** @file Debian's Python with its libraries, as an independent oracle; tests that need it are skipped without it. */
import { spawnSync } from "node:child_process";

const python = "/usr/bin/python3";

export function hasPythonModule(name: string): boolean {
  return spawnSync(python, ["-c", `import ${name}`], { stdio: "ignore" }).status === 0;
}

/** Runs a script with `input` as JSON on its standard input. @returns what it printed, parsed as JSON */
export function runPython(script: string, input: unknown): unknown {
  const { status, stdout, stderr } = spawnSync(python, ["-c", script], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`python: ${stderr}`);
  return JSON.parse(stdout);
}
