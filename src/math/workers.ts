/** @file The worker threads of an engine: they run inside WebAssembly until they are told to stop. */
import { Worker } from "node:worker_threads";

/**
 * What a worker runs: an instance of its own on the shared memory, and the loop of kernels/threads.ts,
 * which also does tasks of the native engine, where there is one.
 */
const SCRIPT = `
  const { workerData } = require("node:worker_threads");
  const { module, memory, control, thread, native } = workerData;
  const addon = native && require(native.path);
  const engine = addon && addon.join(native.id);
  const helpNative = engine ? (thread) => addon.help(engine, thread) : () => {};
  const imports = { env: { memory }, threads: { startWorkers() {}, helpNative } };
  new WebAssembly.Instance(module, imports).exports.serve(control, thread);
`;

/** Where workers find the native engine that they help. */
export interface NativePlace {
  /** The library's file. */
  readonly path: string;
  /** The engine's number in this process. */
  readonly id: number;
}

/** The other threads of an engine. It must not refer to the native engine, which refers to it. */
export class Workers {
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  readonly #threads: number;
  #workers: readonly Worker[] = [];
  control = 0;
  native: NativePlace | undefined;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number) {
    this.#module = module;
    this.#memory = memory;
    this.#threads = threads;
  }

  /** Starts threads 1 to `threads` - 1; they do not keep the process alive. */
  start(): void {
    const { control, native } = this;
    this.#workers = Array.from({ length: this.#threads - 1 }, (_, index) => {
      const thread = index + 1;
      const worker = new Worker(SCRIPT, {
        eval: true,
        workerData: { module: this.#module, memory: this.#memory, control, thread, native },
        execArgv: [],
        name: `cortado ${thread}`,
      });
      worker.unref();
      return worker;
    });
  }

  terminate(): void {
    for (const worker of this.#workers) void worker.terminate();
    this.#workers = [];
  }
}
