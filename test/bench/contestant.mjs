/** @file A process that answers each line on its input with one line: a repetition and its milliseconds. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts one; it says `ready VERSION` when it can begin.
 * @returns undefined when it ends before, because it lacks something
 */
export async function startContestant(command, args) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", process.env.CORTADO_BENCH_VERBOSE ? "inherit" : "ignore"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const read = async () => (await lines.next()).value;
  const ready = await read();
  if (!ready?.startsWith("ready")) return undefined;
  return {
    version: ready.slice("ready ".length),
    /** @returns the milliseconds of one repetition */
    async iterate() {
      child.stdin.write("go\n");
      const answer = await read();
      if (answer === undefined) throw new Error(`${command} ${args.join(" ")} ended unexpectedly`);
      return Number(answer);
    },
    /** @returns the peak resident memory in bytes */
    async finish() {
      child.stdin.end();
      return Number(await read());
    },
  };
}

/** The other side: answers for `run`, which may return milliseconds that it measured itself. */
export async function serve(version, run) {
  console.log(`ready ${version}`);
  for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const own = await run();
    console.log(own ?? performance.now() - start);
  }
  console.log(1024 * process.resourceUsage().maxRSS);
  process.exit(0);
}
