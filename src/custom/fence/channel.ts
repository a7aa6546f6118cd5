/** @file The net's side of the fence: orders to a layer's process, waited for asleep or awaited. */
import {
  type MessagePort,
  MessageChannel,
  Worker,
  receiveMessageOnPort,
} from "node:worker_threads";
import type { Heap } from "../../core/heap.ts";
import { type Frame, kinds } from "./frame.ts";
import type { Launch } from "./launch.ts";
import type { Death, OpenMessage, SendMessage, ThreadMessage } from "./thread-messages.ts";

/** Only a thread that has died itself lets this pass: it ends what takes too long. */
const SPARE_SECONDS = 30;

let thread: Worker | undefined;

/** One thread serves all layers of a process. */
function fenceThread(): Worker {
  if (thread) return thread;
  const worker = new Worker(new URL("../generated/fence-thread.cjs", import.meta.url), {
    execArgv: [],
    name: "cortado fence",
  });
  const forget = () => {
    if (thread === worker) thread = undefined;
  };
  worker.on("error", forget);
  worker.on("exit", forget);
  worker.unref();
  thread = worker;
  return worker;
}

/** What goes to the layer's process, besides the limits. */
export type Outgoing = Pick<SendMessage, "json" | "ranges" | "numbers" | "maxBytes">;

export interface ChannelSettings {
  readonly launch: Launch;
  readonly heap: Heap;
  readonly megabytes: number;
  readonly seconds: number;
  /** Gets what the layer prints. */
  onPrint(text: string): void;
}

/** A layer's process has ended, or was ended. */
export class FencedProcessDeath extends Error {
  readonly death: Death;

  constructor(death: Death) {
    super(`the process of a fenced layer has ended: ${death.why}`);
    this.death = death;
  }
}

/** One layer's process, from the start to `close`. */
export class FenceChannel {
  readonly #port: MessagePort;
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #settings: ChannelSettings;
  /** Messages that came while nobody waited. */
  readonly #inbox: ThreadMessage[] = [];
  #wake = () => {};
  #death: Death | undefined;

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { launch, megabytes, heap } = settings;
    const open = { launch, megabytes, port: port2, bell: this.#bell, heap: heap.memory.buffer };
    fenceThread().postMessage(open satisfies OpenMessage, [port2]);
    port1.on("message", (message: ThreadMessage) => {
      this.#inbox.push(message);
      this.#wake();
    });
    port1.unref();
  }

  /**
   * Gives an order and sleeps until it is done; `answer` is called for what the layer asks meanwhile.
   * @throws FencedProcessDeath
   */
  call(order: Outgoing, answer: (ask: Frame) => Outgoing): Frame {
    this.#order(order);
    for (;;) {
      const frame = this.#nextAsleep();
      if (frame.kind === kinds.end) return frame;
      this.#send(answer(frame));
    }
  }

  /** As `call`, but leaves the thread to others. */
  async callAsync(
    order: Outgoing,
    answer: (ask: Frame) => Outgoing | Promise<Outgoing>,
  ): Promise<Frame> {
    this.#order(order);
    for (;;) {
      const frame = await this.#next();
      if (frame.kind === kinds.end) return frame;
      this.#send(await answer(frame));
    }
  }

  /** Ends the process. */
  close(): void {
    this.#port.postMessage("close");
    this.#port.close();
  }

  #order(order: Outgoing): void {
    if (this.#death) throw new FencedProcessDeath(this.#death);
    this.#send({ ...order, seconds: this.#settings.seconds });
  }

  #send(message: SendMessage): void {
    this.#port.postMessage(message);
  }

  #nextAsleep(): Frame {
    for (;;) {
      const seen = Atomics.load(this.#bell, 0);
      const received: ThreadMessage | undefined =
        this.#inbox.shift() ?? receiveMessageOnPort(this.#port)?.message;
      const frame = received && this.#take(received);
      if (frame) return frame;
      if (received) continue;
      const limit = 1000 * (this.#settings.seconds + SPARE_SECONDS);
      if (Atomics.wait(this.#bell, 0, seen, limit) === "timed-out") {
        throw this.#died({ why: "time", seconds: this.#settings.seconds });
      }
    }
  }

  #next(): Promise<Frame> {
    this.#port.ref(); // the process stays as long as somebody waits, and no longer
    return new Promise<Frame>((resolve, reject) => {
      this.#wake = () => {
        try {
          const message = this.#inbox.shift();
          const frame = message && this.#take(message);
          if (frame) resolve(frame);
        } catch (error) {
          reject(error as Error);
        }
      };
      for (let waiting = this.#inbox.length; waiting > 0; waiting--) this.#wake();
    }).finally(() => {
      this.#wake = () => {};
      this.#port.unref();
    });
  }

  /** @returns the frame, if it is one */
  #take(message: ThreadMessage): Frame | undefined {
    if (message.type === "death") throw this.#died(message.death);
    if (message.type === "frame") return message.frame;
    this.#settings.onPrint(message.text);
    return undefined;
  }

  #died(death: Death): FencedProcessDeath {
    this.#death ??= death;
    return new FencedProcessDeath(this.#death);
  }
}
