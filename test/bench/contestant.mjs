/** @file A process that answers each line on its input with one line: a repetition and its milliseconds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Of what a process complains about, its end. */
const KEPT_CHARACTERS = 4000;

/**
 * Starts one; it says `ready VERSION` when it can begin.
 * @returns its last words as a string when it ends before, because it lacks something
 */
export async function startContestant(command, args) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", process.env.CORTADO_BENCH_VERBOSE ? "inherit" : "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said = (said + chunk).slice(-KEPT_CHARACTERS);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on("error", ({ message }) => {
    said = message;
  });
  const closed = once(child, "close").catch(() => {});
  child.stdin.on("error", () => {});
  const read = async () => (await lines.next()).value;
  const ready = await read();
  if (!ready?.startsWith("ready")) {
    await closed;
    return lastWords(said);
  }
  return {
    version: ready.slice("ready ".length),
    /** @returns the milliseconds of one repetition */
    async iterate() {
      child.stdin.write("go\n");
      const answer = await read();
      if (answer === undefined) {
        await closed;
        throw new Error(`it ended unexpectedly: ${lastWords(said)}`);
      }
      return Number(answer);
    },
    /** @returns the peak resident memory in bytes */
    async finish() {
      child.stdin.end();
      return Number(await read());
    },
  };
}

/** The line that says what went wrong: an error's first, or else the last one. */
function lastWords(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const error = lines.find((line) => /^\w*(Error|Exception)\b.*: /.test(line));
  return (error ?? lines.at(-1) ?? "it says nothing").trim();
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
