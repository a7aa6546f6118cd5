/** @file Updates during the backward pass, so that the gradients of all layers take turns in one memory. */
import type { Blob } from "../core/blob.ts";
import { SyncedMemory } from "../core/synced-memory.ts";
import type { BackwardListener } from "../device/index.ts";
import { ownGradients, turnCounts } from "../net/memory.ts";
import type { Net } from "../net/net.ts";
import type { SolverSettings } from "./settings.ts";

/** What is updated, with what an SGD step leaves in its diff: the history. */
interface Update {
  readonly blob: Blob;
  readonly history: readonly Blob[];
  /** Whether this iteration has updated it already. */
  isDone: boolean;
}

/** A parameter that is updated as soon as its layer's backward pass is over. */
interface Turn<Planned extends Update> {
  readonly update: Planned;
  readonly memory: SyncedMemory;
  isOn: boolean;
}

/**
 * Whether a net's gradients can take turns without anybody noticing. Nothing may be done to all gradients
 * together, such as clipping them, and nothing may be added to them in another pass. Of the rules only
 * SGD leaves its history in the diffs (as Caffe's does), so that they need not be kept to be read later.
 */
export function canTakeTurns(net: Net, settings: SolverSettings): boolean {
  const { type, iterSize, clipGradients, debugInfo } = settings;
  return type === "SGD" && iterSize === 1 && clipGradients < 0 && !debugInfo && !net.device.remote;
}

/**
 * The gradients of a net in turns: weights in one memory, biases in another, each as large as the largest
 * of them. A gradient stays out that somebody may look at during a pass, or has looked at.
 */
export class GradientTurns<Planned extends Update> implements BackwardListener {
  readonly #apply: (update: Planned) => void;
  /** By number of the layer. */
  readonly #turns: readonly Turn<Planned>[][];
  readonly #memories: readonly SyncedMemory[];

  /** @param apply updates one parameter, whose diff holds the update afterwards */
  constructor(net: Net, updates: readonly Planned[], apply: (update: Planned) => void) {
    this.#apply = apply;
    const gradients = ownGradients(net);
    this.#memories = turnCounts(gradients).map((count) => new SyncedMemory(net.engine.heap, count));
    this.#turns = net.layers.map(() => []);
    for (const { blob, layerIndex, index } of gradients) {
      const update = updates.find((known) => known.blob === blob)!;
      this.#turns[layerIndex]!.push({ update, memory: this.#memories[index]!, isOn: false });
    }
  }

  before(layerIndex: number): void {
    for (const turn of this.#turns[layerIndex]!) {
      turn.isOn = turn.update.blob.borrowDiff(turn.memory);
    }
  }

  after(layerIndex: number): void {
    for (const turn of this.#turns[layerIndex]!) {
      if (!turn.isOn) continue;
      const { update } = turn;
      this.#apply(update);
      update.isDone = true;
      update.blob.returnDiff(update.history[0]!);
    }
  }

  dispose(): void {
    for (const memory of this.#memories) memory.release();
  }
}
