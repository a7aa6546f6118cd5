/**
 * Workload W side by side with PyTorch: `npm run bench -- [--threads N] [--repetitions N]`.
 *
 * Both run in processes of their own, an iteration each in turn, so that both meet the same machine.
 * The python3 on the PATH is asked for torch; CORTADO_BENCH_PYTHON names another one.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    repetitions: { type: "string", default: "10" },
  },
});
const WARM_UP = 2;

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.CORTADO_BENCH_PYTHON ?? "python3";

/** A process that answers each line with a line. */
async function start(command, args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const read = async () => (await lines.next()).value;
  const ready = await read();
  if (!ready) return undefined;
  return {
    version: ready.replace("ready ", ""),
    iterate: async () => {
      child.stdin.write("go\n");
      return Number(await read());
    },
    finish: async () => {
      child.stdin.end();
      return Number(await read());
    },
  };
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

const runs = [
  {
    name: "cortado",
    process: await start(process.execPath, [file("fcn-alexnet-worker.mjs"), values.threads]),
  },
  { name: "PyTorch", process: await start(python, [file("peers/fcn_alexnet.py"), values.threads]) },
].filter((run) => run.process);

const times = new Map(runs.map((run) => [run.name, []]));
for (let i = 0; i < WARM_UP + Number(values.repetitions); i++) {
  for (const { name, process } of runs) {
    const ms = await process.iterate();
    if (i >= WARM_UP) times.get(name).push(ms);
  }
}

console.log(
  "| FCN-AlexNet, batch 1, 3x256x256, training iteration | min ms | median ms | peak MB | ratio |",
);
console.log("|---|---|---|---|---|");
const reference = runs.find((run) => run.name === "PyTorch");
for (const { name, process } of runs) {
  const own = times.get(name);
  const ratio = reference ? (median(own) / median(times.get("PyTorch"))).toFixed(2) : "no peer";
  const megabytes = Math.round((await process.finish()) / 1e6);
  console.log(
    `| ${name} ${process.version}, ${values.threads} threads | ${Math.min(...own).toFixed(0)} | ${median(own).toFixed(0)} | ${megabytes} | ${ratio} |`,
  );
}
if (!reference) console.log(`\nPyTorch was not found: \`${python} -c "import torch"\` fails.`);
