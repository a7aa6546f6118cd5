/** @file What the machine can do at most: arithmetic in a large product, and memory that streams. */
import { startContestant } from "./contestant.mjs";
import { fileURLToPath } from "node:url";

const ROUNDS = 8;

/** @returns GFLOP/s of the fastest engine, and GB/s of y += x (two reads and a write) */
export async function machineLimits(threads) {
  const worker = fileURLToPath(new URL("worker.mjs", import.meta.url));
  const best = async (workload, engine) => {
    const process_ = await startContestant(process.execPath, [
      worker,
      workload,
      engine,
      String(threads),
    ]);
    if (!process_) return undefined;
    const times = [];
    for (let i = 0; i < ROUNDS; i++) times.push(await process_.iterate());
    await process_.finish();
    return Math.min(...times);
  };
  const product = (await best("product", "native")) ?? (await best("product", "wasm"));
  const stream = await best("stream", "wasm");
  return {
    gflops: product && (2 * 1024 ** 3) / product / 1e6,
    gigabytesPerSecond: (3 * 4 * 2 ** 25) / stream / 1e6,
  };
}
