/** @file The update of all learnable parameters: clipping, then one rule for each. */
import { Blob } from "../core/blob.ts";
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { BackwardListener, DeviceUpdater } from "../device/index.ts";
import type { LearnableParam } from "../net/net-layer.ts";
import type { Net } from "../net/net.ts";
import { GradientTurns, canTakeTurns } from "./gradient-turns.ts";
import { updateRules } from "./rules.ts";
import type { SolverSettings } from "./settings.ts";
import type { ParameterUpdate, UpdateRule } from "./update-rule.ts";

/** A parameter's update, made once and used in every iteration. */
type PlannedUpdate = { -readonly [Part in keyof ParameterUpdate]: ParameterUpdate[Part] } & {
  readonly lrMult: number;
  /** Whether the device computes the gradient, and so the update. */
  readonly isOnDevice: boolean;
  /** Whether the history was restored: even with lr_mult 0 the parameter may still move. */
  isRestored: boolean;
  /** Whether this iteration has updated it already, during the backward pass. */
  isDone: boolean;
};

/** The learnable parameters of a net with their history. */
export class ParameterUpdater {
  /** As in a .solverstate: the first history of all parameters, then the second. */
  readonly history: readonly Blob[];
  readonly #net: Net;
  readonly #settings: SolverSettings;
  readonly #rule: UpdateRule;
  readonly #updates: readonly PlannedUpdate[];
  readonly #logger: Logger;
  /** The updates that need not wait for the end of the backward pass. */
  readonly #turns: GradientTurns<PlannedUpdate> | undefined;
  /** The updates that run on the device; made when first needed, as histories may be restored before. */
  #onDevice: DeviceUpdater | undefined;
  /** Updates whose gradients the device has clipped, or not, and which the log does not tell of yet. */
  #untold = 0;

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
    this.#updates = net.learnableParams.map((param, index) => this.#plan(param, index));
    if (!canTakeTurns(net, settings)) return;
    this.#turns = new GradientTurns(net, this.#updates, (update) => this.#rule.update(update));
  }

  /**
   * Starts an iteration, before its backward pass.
   * @returns what has to hear of that pass, to update parameters as soon as their gradients are there
   */
  start(iter: number, learningRate: number): BackwardListener | undefined {
    for (const update of this.#updates) {
      update.rate = Math.fround(learningRate * update.lrMult);
      update.iter = iter;
      update.scale = 1;
      update.isDone = false;
    }
    return this.#turns;
  }

  /**
   * Takes one step down the gradients that lie in the diffs, summed over iter_size passes, as far as
   * the backward pass has not done so already. Afterwards the diffs hold the updates.
   */
  async apply(iter: number, learningRate: number): Promise<void> {
    if (this.#net.device.remote) await this.#bringHostGradients();
    const isClippedHere = this.#settings.clipGradients >= 0 && this.#limitOfDevice === undefined;
    const clipping = isClippedHere ? await this.#clippingScale() : 1;
    const scale = clipping / this.#settings.iterSize;
    for (const update of this.#updates) {
      if (update.isDone) continue;
      if (this.#rests(update)) {
        // Caffe computes an update of zeros here; it shows in the diff only.
        update.blob.clearDiff();
      } else if (!update.isOnDevice) {
        update.scale = scale;
        this.#rule.update(update);
      }
    }
    this.#deviceUpdater()?.apply(learningRate, scale, iter);
    if (this.#limitOfDevice === undefined) return;
    if (++this.#untold >= this.#onDevice!.normsKept) await this.logClipping();
  }

  /** Logs what the device has clipped since the last time; nobody waits for it in each iteration. */
  async logClipping(): Promise<void> {
    if (this.#untold === 0) return;
    const norms = await this.#onDevice!.readNorms(this.#untold);
    this.#untold = 0;
    for (const norm of norms) this.#logIfClipped(norm);
  }

  /** Notes that `history` was written from a snapshot. */
  markRestored(): void {
    for (const update of this.#updates) {
      update.isRestored = update.history.some((blob) => blob.data.some((value) => value !== 0));
    }
    this.#forgetDeviceUpdater();
  }

  dispose(): void {
    this.#forgetDeviceUpdater();
    this.#turns?.dispose();
    for (const blob of this.history) blob.dispose();
  }

  #plan({ blob, lrMult, decayMult }: LearnableParam, index: number): PlannedUpdate {
    const { engine, learnableParams } = this.#net;
    const count = learnableParams.length;
    return {
      engine,
      constants: this.#settings,
      blob,
      history: this.history.filter((_, i) => i % count === index),
      decay: Math.fround(this.#settings.weightDecay * decayMult),
      lrMult,
      isOnDevice: isOnDevice(this.#net, blob),
      ...{ isRestored: false, isDone: false },
      ...{ rate: 0, scale: 1, iter: 0 },
    };
  }

  #deviceUpdater(): DeviceUpdater | undefined {
    const { remote } = this.#net.device;
    if (!remote) return undefined;
    this.#onDevice ??= remote.createUpdater(
      this.#settings.type,
      this.#settings,
      this.#updates.filter((update) => update.isOnDevice && !this.#rests(update)),
      this.#limitOfDevice,
    );
    return this.#onDevice;
  }

  /** clip_gradients where the device has all gradients, so that it can do without the host. */
  get #limitOfDevice(): number | undefined {
    const { clipGradients } = this.#settings;
    if (clipGradients < 0 || !this.#net.device.remote) return undefined;
    return this.#updates.every(({ isOnDevice }) => isOnDevice) ? clipGradients : undefined;
  }

  /** The gradient of a Parameter layer's blob may come from a layer that the device computes. */
  async #bringHostGradients(): Promise<void> {
    for (const { isOnDevice, blob } of this.#updates) {
      if (!isOnDevice) await blob.sync();
    }
  }

  #forgetDeviceUpdater(): void {
    this.#onDevice?.dispose();
    this.#onDevice = undefined;
    this.#untold = 0;
  }

  /** Whether an update would change neither the values nor the history, which is all zeros. */
  #rests({ lrMult, isRestored, decay, blob }: PlannedUpdate): boolean {
    if (lrMult !== 0 || isRestored) return false;
    return this.#rule.historyHoldsRate || (decay === 0 && !blob.hasDiff);
  }

  /**
   * What makes the L2 norm of all gradients at most clip_gradients; 1 where it is already.
   * The norm is of the raw sums over iter_size passes, without weight decay (BVLC ClipGradients).
   */
  async #clippingScale(): Promise<number> {
    const { engine } = this.#net;
    let squares = (await this.#deviceUpdater()?.squaredNorm()) ?? 0;
    for (const { blob, isOnDevice } of this.#updates) {
      if (isOnDevice || !blob.hasDiff) continue;
      squares += engine.dot(blob.count, blob.diffPointer, blob.diffPointer);
    }
    return this.#logIfClipped(Math.sqrt(squares));
  }

  /** The factor of gradients of this norm. */
  #logIfClipped(norm: number): number {
    const limit = this.#settings.clipGradients;
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

/** Whether the device computes with a parameter, in its own layer or in one that shares it. */
function isOnDevice(net: Net, blob: Blob): boolean {
  return net.layers.some(
    ({ blobs }, index) =>
      net.runsOnDevice(index) && blobs.some((own) => own === blob || own.sharesDataWith(blob)),
  );
}
