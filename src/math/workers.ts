/** @file The worker threads of an engine: they run inside WebAssembly until they are told to stop. */
import { Worker } from "node:worker_threads";

/** What a worker runs: an instance of its own on the shared memory, and the loop of kernels/threads.ts. */
const SCRIPT = `
  const { workerData } = require("node:worker_threads");
  const { module, memory, control, thread } = workerData;
  const imports = { env: { memory }, threads: { startWorkers() {} } };
  new WebAssembly.Instance(module, imports).exports.serve(control, thread);
`;

/** Starts threads 1 to `threads` - 1; they do not keep the process alive. */
export function startWorkers(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  control: number,
  threads: number,
): Worker[] {
  return Array.from({ length: threads - 1 }, (_, index) => {
    const worker = new Worker(SCRIPT, {
      eval: true,
      workerData: { module, memory, control, thread: index + 1 },
      execArgv: [],
      name: `cortado ${index + 1}`,
    });
    worker.unref();
    return worker;
  });
}
