/** @file Turns for the event loop: training must not starve signals and progress lines. */
import { setImmediate } from "node:timers/promises";

const INTERVAL_MS = 10;

/** Gives the event loop a turn, but no more often than every 10 ms: a small net iterates in microseconds. */
export class EventLoopTurns {
  #last = performance.now();

  async give(): Promise<void> {
    if (performance.now() - this.#last < INTERVAL_MS) return;
    await setImmediate();
    this.#last = performance.now();
  }
}
