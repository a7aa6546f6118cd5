/**
 * @file The fence's thread, which `build-fence.mjs` bundles: it starts the processes of fenced layers,
 * carries frames to and fro, and ends what takes too long or too much, also while the net's thread
 * sleeps or computes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { parentPort } from "node:worker_threads";
import { FrameReader } from "./frame-reader.ts";
import { kinds, writeHeader } from "./frame.ts";
import { residentBytes } from "./resident.ts";
import type { Death, OpenMessage, SendMessage, ThreadMessage } from "./thread-messages.ts";

const WATCH_MS = 50;
/** What a layer prints is passed on up to here, and dropped from here on. */
const MAX_PRINTED = 64 * 1024;
const MAX_ERRORS = 64 * 1024;

parentPort?.on("message", (message: OpenMessage) => {
  new LayerProcess(message);
});

class LayerProcess {
  readonly #open: OpenMessage;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #reader = new FrameReader();
  readonly #watch: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | undefined;
  #isWorking = false;
  #death: Death | undefined;
  #printed = 0;
  #errors = "";

  constructor(open: OpenMessage) {
    this.#open = open;
    const { command, args } = open.launch;
    this.#child = spawn(command, [...args], {
      env: {},
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true, // Ctrl-C is for the net, which may want to go on to a snapshot
    });
    this.#pipe = this.#child.stdio[3] as Duplex;
    this.#pipe.on("data", (chunk: Uint8Array) => this.#read(chunk));
    this.#pipe.on("error", () => {}); // the exit says why
    this.#child.stdout!.on("data", (chunk: Buffer) => this.#print(chunk));
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk.toString("latin1")}`.slice(-MAX_ERRORS);
      this.#print(chunk);
    });
    this.#child.on("error", (error) => this.#end({ why: "start", problem: error.message }));
    this.#child.on("close", (code, signal) => this.#exited(code, signal));
    this.#watch = setInterval(() => this.#weigh(), WATCH_MS);
    open.port.on("message", (message: SendMessage | "close") => {
      if (message === "close") this.#end({ why: "exit", code: 0, signal: null });
      else this.#write(message);
    });
  }

  #write({ json, ranges, numbers, seconds, maxBytes }: SendMessage): void {
    if (this.#death) return;
    this.#reader.maxBytes = maxBytes;
    if (seconds !== undefined) {
      this.#isWorking = true;
      this.#deadline = setTimeout(() => this.#end({ why: "time", seconds }), 1000 * seconds);
    }
    const text = Buffer.from(json);
    const parts = ranges.map(([pointer, bytes]) => Buffer.from(this.#open.heap, pointer, bytes));
    if (numbers) parts.push(Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    const numberBytes = parts.reduce((sum, { length }) => sum + length, 0);
    const header = writeHeader({ kind: kinds.order, jsonBytes: text.length, numberBytes });
    this.#pipe.write(Buffer.concat([header, text]));
    for (const part of parts) if (part.length > 0) this.#pipe.write(part);
  }

  #read(chunk: Uint8Array): void {
    if (this.#death) return;
    const frames = this.#isWorking ? this.#reader.push(chunk) : undefined;
    if (!frames || frames.length > 1) {
      this.#end({ why: "protocol" });
      return;
    }
    const [frame] = frames;
    if (!frame) return;
    if (frame.kind === kinds.end) {
      this.#isWorking = false;
      clearTimeout(this.#deadline);
    }
    this.#tell({ type: "frame", frame }, [frame.numbers.buffer]);
  }

  #weigh(): void {
    const pid = this.#child.pid;
    if (pid === undefined || residentBytes(pid) <= this.#open.megabytes * 2 ** 20) return;
    this.#end({ why: "memory" });
  }

  #print(chunk: Buffer): void {
    if (this.#printed >= MAX_PRINTED) return;
    const text = chunk.subarray(0, MAX_PRINTED - this.#printed).toString();
    this.#printed += chunk.length;
    const isFull = this.#printed >= MAX_PRINTED;
    this.#tell({
      type: "print",
      text: isFull ? `${text}\n(what else it prints is left out)` : text,
    });
  }

  #exited(code: number | null, signal: string | null): void {
    // V8 says so, and aborts.
    const isHeapFull = /JavaScript heap out of memory|Reached heap limit/.test(this.#errors);
    this.#end(isHeapFull ? { why: "memory" } : { why: "exit", code, signal });
  }

  #end(death: Death): void {
    if (this.#death) return;
    this.#death = death;
    clearInterval(this.#watch);
    clearTimeout(this.#deadline);
    this.#child.kill("SIGKILL");
    this.#pipe.destroy();
    this.#tell({ type: "death", death });
  }

  #tell(message: ThreadMessage, moved: ArrayBuffer[] = []): void {
    this.#open.port.postMessage(message, moved);
    Atomics.add(this.#open.bell, 0, 1);
    Atomics.notify(this.#open.bell, 0);
  }
}
