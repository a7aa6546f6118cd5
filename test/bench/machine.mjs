/**
 * @file What the machine can do at most: arithmetic in a large product, memory that streams, and a word from
 * one core to another. On virtual machines the last depends on which cores the host has given.
 */
import { startContestant } from "./contestant.mjs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

const ROUNDS = 8;

const TRIPS = 100_000;

/** A thread that answers each 1 with a 0, until it finds a 2. */
const ANSWERING = `
  const word = require("node:worker_threads").workerData;
  for (let value = 0; value !== 2; value = Atomics.load(word, 0)) {
    if (value === 1) Atomics.store(word, 0, 0);
  }`;

/** @returns nanoseconds in which a word goes to another thread and back, at best */
async function roundTrip() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(ANSWERING, { eval: true, workerData: word });
  await new Promise((resolve) => worker.once("online", resolve));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < TRIPS; i++) {
      Atomics.store(word, 0, 1);
      while (Atomics.load(word, 0) !== 0);
    }
    best = Math.min(best, ((performance.now() - start) / TRIPS) * 1e6);
  }
  Atomics.store(word, 0, 2);
  await worker.terminate();
  return best;
}

/**
 * @returns GFLOP/s of the fastest engine, GB/s of y += x (two reads and a write), and nanoseconds from
 *   thread to thread and back
 */
export async function machineLimits(threads) {
  const worker = fileURLToPath(new URL("worker.mjs", import.meta.url));
  const best = async (workload, engine) => {
    const process_ = await startContestant(process.execPath, [
      worker,
      workload,
      engine,
      String(threads),
    ]);
    if (typeof process_ === "string") return undefined;
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
    roundTripNanoseconds: threads > 1 ? await roundTrip() : undefined,
  };
}
