/** @file The update of all learnable parameters: clipping, then one rule for each. */
import { Blob } from "../core/blob.ts";
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { Net } from "../net/net.ts";
import { updateRules } from "./rules.ts";
import type { SolverSettings } from "./settings.ts";
import type { UpdateRule } from "./update-rule.ts";

/** The learnable parameters of a net with their history. */
export class ParameterUpdater {
  /** As in a .solverstate: the first history of all parameters, then the second. */
  readonly history: readonly Blob[];
  readonly #net: Net;
  readonly #settings: SolverSettings;
  readonly #rule: UpdateRule;
  readonly #logger: Logger;
  /** Parameters with a history that was restored: even with lr_mult 0 they may still move. */
  readonly #restored = new Set<number>();

  constructor(net: Net, settings: SolverSettings, logger: Logger) {
    this.#net = net;
    this.#settings = settings;
    this.#rule = updateRules[settings.type];
    this.#logger = logger;
    const shapes = net.learnableParams.map(({ blob }) => blob.shape);
    this.history = new Array(this.#rule.histories)
      .fill(shapes)
      .flat()
      .map((shape: readonly number[]) => new Blob(net.engine.heap, shape));
  }

  /**
   * Takes one step down the gradients that lie in the diffs, summed over iter_size passes.
   * Afterwards the diffs hold the updates.
   */
  apply(iter: number, learningRate: number): void {
    const { engine, learnableParams } = this.#net;
    const settings = this.#settings;
    const scale = this.#clippingScale() / settings.iterSize;
    learnableParams.forEach(({ blob, lrMult, decayMult }, index) => {
      if (lrMult === 0 && !this.#restored.has(index)) {
        // Caffe computes an update of zeros here; it shows in the diff only.
        if (blob.hasDiff) engine.fill(blob.count, 0, blob.diffPointer);
        return;
      }
      this.#rule.update({
        engine,
        constants: settings,
        blob,
        history: this.#historyOf(index),
        rate: Math.fround(learningRate * lrMult),
        decay: Math.fround(settings.weightDecay * decayMult),
        scale,
        iter,
      });
    });
  }

  /** Notes that `history` was written from a snapshot. */
  markRestored(): void {
    this.#net.learnableParams.forEach((_, index) => {
      if (this.#historyOf(index).some((blob) => blob.data.some((value) => value !== 0))) {
        this.#restored.add(index);
      }
    });
  }

  dispose(): void {
    for (const blob of this.history) blob.dispose();
  }

  /** The histories of one parameter. */
  #historyOf(index: number): Blob[] {
    const count = this.#net.learnableParams.length;
    return Array.from({ length: this.#rule.histories }, (_, k) => this.history[k * count + index]!);
  }

  /**
   * What makes the L2 norm of all gradients at most clip_gradients; 1 where it is already.
   * The norm is of the raw sums over iter_size passes, without weight decay (BVLC ClipGradients).
   */
  #clippingScale(): number {
    const limit = this.#settings.clipGradients;
    if (limit < 0) return 1;
    const { engine, learnableParams } = this.#net;
    let squares = 0;
    for (const { blob } of learnableParams) {
      if (blob.hasDiff) squares += engine.dot(blob.count, blob.diffPointer, blob.diffPointer);
    }
    const norm = Math.sqrt(squares);
    if (!(norm > limit)) return 1;
    const scale = Math.fround(limit / norm);
    const numbers = `(L2 norm ${generalNumber(norm)} > ${generalNumber(limit)})`;
    this.#logger.log(
      "info",
      "sgd_solver.cpp:99",
      `Gradient clipping: scaling down gradients ${numbers} by scale factor ${generalNumber(scale)}`,
    );
    return scale;
  }
}
