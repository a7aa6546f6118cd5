/** @file Solver: trains a net as a solver prototxt says. */
import { basename } from "node:path";
import type { Blob } from "../core/blob.ts";
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { RandomSource } from "../core/random.ts";
import { UsageError } from "../errors.ts";
import type { Net } from "../net/net.ts";
import type { Draft, SolverParameter } from "../schema/index.ts";
import { diagnose } from "./divergence.ts";
import type {
  DisplayEvent,
  IterationEvent,
  SnapshotEvent,
  SolverObserver,
  SolverRequest,
  TestEvent,
} from "./events.ts";
import { advanceStep, learningRate } from "./learning-rate.ts";
import { type SolverOptions, type SolverParts, loadParts } from "./load.ts";
import { ParameterUpdater } from "./parameters.ts";
import { type Positions, positionsPath, readPositions, takeUpPositions } from "./positions.ts";
import { logScores, scoresOf } from "./scores.ts";
import type { SolverSettings } from "./settings.ts";
import {
  checkWriter,
  learnedNetPath,
  loadSnapshot,
  saveSnapshot,
  savedHistory,
} from "./snapshot.ts";
import { checkPrefixWritable, requirePrefix } from "./snapshot-prefix.ts";
import { runTestPass } from "./testing.ts";
import { TrainingLosses } from "./training-losses.ts";
import { EventLoopTurns } from "./turns.ts";

/** Trains a net: forward, backward, update; tests and snapshots at their intervals. */
export class Solver {
  readonly net: Net;
  /** They share the trained parameters with `net` from their first test on. */
  readonly testNets: readonly Net[];
  /** The solver's prototxt, upgraded, with the options in it. */
  readonly param: SolverParameter;
  readonly #settings: SolverSettings;
  readonly #random: RandomSource;
  readonly #root: string;
  readonly #logger: Logger;
  readonly #updater: ParameterUpdater;
  readonly #losses: TrainingLosses;
  readonly #observers = new Set<SolverObserver>();
  readonly #requests = new Set<SolverRequest>();
  readonly #turns = new EventLoopTurns();
  #iter = 0;
  #currentStep = 0;
  #stopped = false;
  #isStepping = false;
  #lastDisplay = { iter: 0, time: 0 };

  private constructor({ net, testNets, param, settings, ...parts }: SolverParts) {
    this.net = net;
    this.testNets = testNets;
    this.param = param;
    this.#settings = settings;
    this.#random = parts.random;
    this.#root = parts.root;
    this.#logger = parts.logger;
    this.#updater = new ParameterUpdater(net, settings, parts.logger);
    this.#losses = new TrainingLosses(net, settings, (loss, iter) =>
      this.#reportDivergence(loss, iter),
    );
  }

  /**
   * Builds the nets of a solver prototxt and loads their weights.
   * @param solver a path, the URL of a file, or a message, which may leave out what it has no use for
   * @throws CaffeError for a mistake in a prototxt, a dataset or a weights file
   */
  static async load(
    solver: string | URL | Draft<SolverParameter>,
    options: SolverOptions = {},
  ): Promise<Solver> {
    const built = new Solver(await loadParts(solver, options));
    if (options.observer) built.observe(options.observer);
    if (options.snapshot === undefined) return built;
    try {
      await built.restore(options.snapshot);
      return built;
    } catch (error) {
      built.dispose();
      throw error;
    }
  }

  /** Iterations done. */
  get iter(): number {
    return this.#iter;
  }

  /** The rate of the next iteration, before any lr_mult. */
  get learningRate(): number {
    const { rate } = this.#settings;
    const step = advanceStep(rate, this.#iter, this.#currentStep);
    return learningRate(rate, this.#iter, step);
  }

  /** The mean loss of the last average_loss iterations of the running or last `step` or `solve`. */
  get loss(): number {
    return this.#losses.smoothed;
  }

  /** As in a .solverstate: one blob a learnable parameter; for AdaDelta and Adam as many again. */
  get history(): readonly Blob[] {
    return this.#updater.history;
  }

  /** Tells `observer` of what happens. @returns what ends that */
  observe(observer: SolverObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Asks for a stop or a snapshot as soon as the iteration or test batch that is running is done. */
  request(request: SolverRequest): void {
    this.#requests.add(request);
  }

  /** Runs `iterations` iterations, fewer if a stop is requested. (BVLC Solver::Step) */
  async step(iterations: number): Promise<void> {
    if (this.#isStepping) {
      throw new UsageError("the solver is in the middle of a step: await it before the next one");
    }
    this.#isStepping = true;
    try {
      await this.#iterateUpTo(this.#iter + iterations);
    } finally {
      this.#isStepping = false;
    }
  }

  async #iterateUpTo(end: number): Promise<void> {
    this.#stopped = false;
    this.#losses.restart(this.#iter);
    this.#lastDisplay = { iter: this.#iter, time: performance.now() };
    while (this.#iter < end && !this.#stopped) await this.#iterate();
    await this.#updater.logClipping();
    await this.#losses.read();
  }

  /** Trains up to max_iter, with the last snapshot and test. (BVLC Solver::Solve) */
  async solve(): Promise<void> {
    const { maxIter, snapshot, snapshotAfterTrain } = this.#settings;
    if (snapshotAfterTrain) await checkPrefixWritable(requirePrefix(this.param), this.#root);
    this.#say("solver.cpp:289", `Solving ${this.net.name}`);
    this.#say("solver.cpp:290", `Learning Rate Policy: ${this.#settings.rate.policy}`);
    await this.step(Math.max(0, maxIter - this.#iter));
    const isSaved = snapshot > 0 && this.#iter % snapshot === 0;
    if (snapshotAfterTrain && !isSaved) await this.snapshot();
    if (this.#stopped) {
      this.#say("solver.cpp:311", "Optimization stopped early.");
      return;
    }
    if (isDue(this.#settings.display, this.#iter)) await this.#displayLastLoss();
    if (isDue(this.#settings.testInterval, this.#iter)) await this.test();
    this.#say("solver.cpp:332", "Optimization Done.");
  }

  /** Runs each test net over its test_iter batches. @returns the mean outputs of each that finished */
  async test(): Promise<TestEvent[]> {
    const events: TestEvent[] = [];
    for (const [index, testNet] of this.testNets.entries()) {
      if (this.#stopped) break;
      const event = await runTestPass({
        iter: this.#iter,
        index,
        trained: this.net,
        testNet,
        batches: this.#settings.testIter[index]!,
        computeLoss: this.#settings.testComputeLoss,
        logger: this.#logger,
        interrupted: () => this.#serveAllRequests(),
      });
      if (!event) break;
      events.push(event);
      this.#tell((observer) => observer.onTest?.(event));
    }
    return events;
  }

  /**
   * Writes `<snapshot_prefix>_iter_<iter>.caffemodel` and `.solverstate`, and a `.resume.json` with the
   * random numbers and data positions, each whole or not at all.
   */
  async snapshot(): Promise<SnapshotEvent> {
    const event = await saveSnapshot(
      {
        iter: this.#iter,
        currentStep: this.#currentStep,
        history: this.history,
        type: this.#settings.type,
        ...this.#positions(),
      },
      {
        prefix: requirePrefix(this.param),
        root: this.#root,
        format: this.#settings.snapshotFormat,
        diff: this.#settings.snapshotDiff,
        logger: this.#logger,
      },
    );
    this.#tell((observer) => observer.onSnapshot?.(event));
    return event;
  }

  /**
   * Goes on from a .solverstate and the weights that it names. Where the snapshot's `.resume.json`
   * lies beside it, training continues bit by bit as if it had never stopped.
   * @throws ModelFileError for a file of another kind, net or solver type
   */
  async restore(path: string): Promise<void> {
    const state = await loadSnapshot(path);
    const { type } = this.#settings;
    const iter = state.iter ?? 0;
    const sidePath = positionsPath(path);
    const positions = await readPositions(sidePath, iter);
    const saved = savedHistory(state, this.history, type, path);
    if (typeof positions !== "string") checkWriter(positions.type, type, path);
    const weights = learnedNetPath(state, path, this.#root);
    if (basename(weights) !== basename(state.learnedNet ?? "")) {
      const text = `${state.learnedNet} is not there; taking ${weights}, which lies beside the state`;
      this.#logger.log("warning", "sgd_solver.cpp:323", text);
    }
    await this.net.copyTrainedLayersFrom(weights);
    this.#say("sgd_solver.cpp:336", "SGDSolver: restoring history");
    for (const [index, { data }] of saved.entries()) this.history[index]!.set(data);
    this.#updater.markRestored();
    this.#iter = iter;
    this.#currentStep = state.currentStep ?? 0;
    const problem =
      typeof positions === "string"
        ? positions
        : await takeUpPositions(sidePath, positions, this.#positions());
    if (!problem) return;
    const consequence = "the data starts from its beginning, and random numbers are new";
    this.#logger.log("warning", "solver.cpp:498", `${problem}: ${consequence}`);
  }

  dispose(): void {
    this.#updater.dispose();
    for (const net of [...this.testNets, this.net]) net.dispose();
  }

  async #iterate(): Promise<void> {
    await this.#turns.give();
    this.net.clearParamDiffs();
    if (this.#testIsDue()) await this.test();
    if (this.#stopped) return;
    const display = isDue(this.#settings.display, this.#iter);
    this.net.debugInfo = display && this.#settings.debugInfo;
    await this.#forwardBackward();
    if (display) await this.#updater.logClipping();
    if (display) await this.#losses.read();
    else if (this.#observers.size > 0) await this.#losses.readForWatchers();
    const shown = display ? await this.#displayLoss() : undefined;
    const event = {
      iter: this.#iter,
      loss: this.#losses.last,
      smoothedLoss: this.loss,
      learningRate: this.#nextRate(),
    };
    if (shown) this.#displayRate(event);
    await this.#updater.apply(this.#iter, event.learningRate);
    if (shown) this.#tell((observer) => observer.onDisplay?.({ ...event, ...shown }));
    this.#iter++;
    this.#tell((observer) => observer.onIteration?.(event));
    const request = this.#nextRequest();
    if (isDue(this.#settings.snapshot, this.#iter) || request === "snapshot") await this.snapshot();
    if (request === "stop") this.#stopped = true;
  }

  #positions(): Positions {
    return { net: this.net, testNets: this.testNets, random: this.#random };
  }

  #testIsDue(): boolean {
    const { testInterval, testInitialization } = this.#settings;
    return isDue(testInterval, this.#iter) && (this.#iter > 0 || testInitialization);
  }

  /** The rate of this iteration; the steps that it took so far are part of the state. */
  #nextRate(): number {
    const { rate } = this.#settings;
    const step = advanceStep(rate, this.#iter, this.#currentStep);
    if (rate.policy === "multistep" && step !== this.#currentStep) {
      const status = `Iteration ${this.#iter}, step = ${step}`;
      this.#say("sgd_solver.cpp:50", `MultiStep Status: ${status}`);
    }
    this.#currentStep = step;
    return learningRate(rate, this.#iter, step);
  }

  /**
   * iter_size passes; the gradients add up in the parameters' diffs. Where it is one pass, parameters may
   * be updated during it; one that fails can leave some of them updated and others not.
   */
  async #forwardBackward(): Promise<void> {
    const options = { listener: this.#updater.start(this.#iter, this.learningRate) };
    for (let pass = 0; pass < this.#settings.iterSize; pass++) {
      await this.net.runUnread();
      await this.#losses.addPass();
      await this.net.backward({}, options);
    }
  }

  async #displayLoss(): Promise<Pick<DisplayEvent, "iterationsPerSecond" | "scores">> {
    const iter = this.#iter;
    const now = performance.now();
    const seconds = Math.fround((now - this.#lastDisplay.time) / 1000);
    const iterationsPerSecond = (iter - this.#lastDisplay.iter) / (seconds || 1);
    this.#lastDisplay = { iter, time: now };
    const speed = `${generalNumber(iterationsPerSecond)} iter/s`;
    const lapse = `${generalNumber(seconds)}s/${this.#settings.display} iters`;
    const loss = `loss = ${generalNumber(this.loss)}`;
    this.#say("solver.cpp:239", `Iteration ${iter} (${speed}, ${lapse}), ${loss}`);
    const scores = await scoresOf(this.net);
    logScores(this.#logger, "solver.cpp:258", "Train", scores);
    return { iterationsPerSecond, scores };
  }

  #displayRate({ iter, learningRate }: IterationEvent): void {
    this.#say("sgd_solver.cpp:112", `Iteration ${iter}, lr = ${generalNumber(learningRate)}`);
  }

  async #displayLastLoss(): Promise<void> {
    this.#losses.addSingle(await this.net.run());
    const loss = generalNumber(this.loss);
    this.#say("solver.cpp:327", `Iteration ${this.#iter}, loss = ${loss}`);
  }

  async #reportDivergence(loss: number, iter: number): Promise<void> {
    const found = await diagnose(this.net, loss, iter);
    this.#logger.log("warning", "solver.cpp:226", found.diagnosis);
    const event = { iter, loss, ...found };
    this.#tell((observer) => observer.onDivergence?.(event));
  }

  /** During a test, snapshots are taken at once and a stop ends the test. @returns whether to stop */
  async #serveAllRequests(): Promise<boolean> {
    await this.#turns.give();
    for (let request = this.#nextRequest(); request; request = this.#nextRequest()) {
      if (request === "snapshot") await this.snapshot();
      else this.#stopped = true;
    }
    return this.#stopped;
  }

  /** A request that was made twice counts once, as Caffe's signals do. */
  #nextRequest(): SolverRequest | undefined {
    const [request] = this.#requests;
    if (request) this.#requests.delete(request);
    return request;
  }

  #say(source: string, message: string): void {
    this.#logger.log("info", source, message);
  }

  #tell(event: (observer: SolverObserver) => void): void {
    for (const observer of this.#observers) event(observer);
  }
}

/** Whether something that happens every `interval` iterations (0: never) happens at `iter`. */
function isDue(interval: number, iter: number): boolean {
  return interval > 0 && iter % interval === 0;
}
