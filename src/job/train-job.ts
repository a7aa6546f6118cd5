/** @file Trains a prepared job: log, metrics, status and curve go into its folder. */
import { closeSync, existsSync, openSync, readdirSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { FenceOptions } from "../core/fence-options.ts";
import { glogLogger } from "../core/glog.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { type DeviceChoice, hardwareOf } from "../device/index.ts";
import { CaffeError, NetDefinitionError } from "../errors.ts";
import type { Net } from "../net/net.ts";
import type {
  DisplayEvent,
  DivergenceEvent,
  IterationEvent,
  Score,
  TestEvent,
} from "../solver/events.ts";
import { Solver } from "../solver/index.ts";
import { curvePng } from "./curve.ts";
import { type JobRecord, inStatus, jobFiles, readJobRecord, writeJobRecord } from "./job-record.ts";
import {
  type BestMetric,
  type MetricPhase,
  type MetricRecord,
  appendMetric,
  bestMetric,
  dropCutLine,
  readMetrics,
  valuesOf,
} from "./metrics.ts";
import { writePicture } from "./picture.ts";

export interface JobObserver {
  /** After each iteration: how much of the training is done, from 0 to 1. */
  onProgress?(progress: number, event: IterationEvent): void;
  /** A line of `metrics.jsonl` was written. */
  onMetric?(record: MetricRecord): void;
}

export interface TrainJobOptions {
  readonly threads?: number;
  readonly device?: DeviceChoice;
  /** Fences the custom layers in, as in `SolverOptions`. */
  readonly fence?: boolean | FenceOptions | undefined;
  /** Gets Caffe's log lines as well as the job's own log file. */
  readonly logger?: Logger;
  readonly observer?: JobObserver;
  /** Ends the training after the running iteration, with a snapshot. */
  readonly signal?: AbortSignal;
  /** Goes on from the newest snapshot, where there is one. */
  readonly resume?: boolean;
}

export interface JobResult {
  readonly folder: string;
  readonly record: JobRecord;
  readonly metrics: readonly MetricRecord[];
  readonly best: BestMetric | undefined;
  readonly snapshots: readonly JobSnapshot[];
  /** Absolute path of the training curve; undefined where there was nothing to draw. */
  readonly curve: string | undefined;
}

export interface JobSnapshot {
  readonly file: string;
  readonly iter: number;
  readonly epoch: number;
}

/**
 * Trains the job in `folder`, from its beginning or, with `resume`, from its newest snapshot.
 * @throws CaffeError where a net cannot be built or an output becomes NaN; the job then is in error
 */
export async function trainJob(folder: string, options: TrainJobOptions = {}): Promise<JobResult> {
  let record = running(readJobRecord(folder));
  await writeJobRecord(folder, record);
  const log = openSync(join(folder, jobFiles.log), "a");
  try {
    const logger = both(
      glogLogger((line) => writeSync(log, `${line}\n`)),
      options.logger,
    );
    await solve(folder, record, { ...options, logger }, async (device) => {
      record = { ...record, device };
      await writeJobRecord(folder, record);
    });
    record = inStatus(record, options.signal?.aborted ? "aborted" : "done");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    record = inStatus(record, "error", message);
    throw error;
  } finally {
    closeSync(log);
    await writeJobRecord(folder, record);
  }
  return finish(folder, record);
}

/** With the process that trains it, so that others can tell a training from one that was killed. */
function running(record: JobRecord): JobRecord {
  const { error: _error, ...rest } = record;
  return { ...inStatus(rest, "running"), pid: process.pid };
}

function both(first: Logger, second: Logger = silentLogger): Logger {
  return {
    log(level, source, message) {
      first.log(level, source, message);
      second.log(level, source, message);
    },
  };
}

async function solve(
  folder: string,
  record: JobRecord,
  options: TrainJobOptions & { logger: Logger },
  onDevice: (device: string) => Promise<void>,
): Promise<void> {
  const { threads, device = record.settings.device ?? "auto", fence, logger, signal } = options;
  const start = options.resume ? newestState(folder, record) : undefined;
  const solver = await Solver.load(join(folder, jobFiles.solver), {
    root: folder,
    layers: [folder],
    fence,
    logger,
    ...(start ? { snapshot: start } : startingWeights(record)),
    ...(threads === undefined ? {} : { threads }),
    device,
  });
  const stop = () => solver.request("stop");
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    const { device: taken } = solver.net;
    await onDevice(`${taken.name} (${hardwareOf(taken)})`);
    solver.observe(metricsWriter(folder, record, solver, options.observer));
    await solver.solve();
  } finally {
    signal?.removeEventListener("abort", stop);
    solver.dispose();
  }
}

function startingWeights({ settings }: JobRecord): { weights?: readonly string[] } {
  return settings.weights.length > 0 ? { weights: settings.weights } : {};
}

/** The newest solver state whose weights are there too. */
function newestState(folder: string, record: JobRecord): string | undefined {
  return jobSnapshots(folder, record)
    .map(({ file }) => file.replace(/caffemodel$/, "solverstate"))
    .find((file) => existsSync(file));
}

/** Writes metrics as they come, and ends the training at the first output that is not a number. */
function metricsWriter(
  folder: string,
  { settings, size }: JobRecord,
  solver: Solver,
  observer: JobObserver = {},
) {
  const start = performance.now();
  const file = join(folder, jobFiles.metrics);
  dropCutLine(file);
  const write = (phase: MetricPhase, iter: number, scores: readonly Score[], lr: number) => {
    const epoch = Number(((iter * settings.epochs) / size.maxIter).toFixed(4));
    const time = Number(((performance.now() - start) / 1000).toFixed(3));
    const record = { iter, epoch, phase, values: valuesOf(scores), lr, time };
    appendMetric(file, record);
    observer.onMetric?.(record);
    refuseNaN(scores, phase);
  };
  return {
    onIteration(event: IterationEvent) {
      observer.onProgress?.((event.iter + 1) / size.maxIter, event);
    },
    onDisplay(event: DisplayEvent) {
      write("train", event.iter, event.scores, event.learningRate);
    },
    onTest(event: TestEvent) {
      write("val", event.iter, event.scores, solver.learningRate);
    },
    onDivergence({ loss, iter, place }: DivergenceEvent) {
      if (Number.isFinite(loss)) return;
      const at =
        place === undefined ? "" : `; the first values that are not finite are in ${place}`;
      const name = lossName(solver.net);
      throw new NetDefinitionError(`${nanSentence(name, "train")} (Iteration ${iter}${at}.)`);
    },
  };
}

function refuseNaN(scores: readonly Score[], phase: MetricPhase): void {
  const bad = scores.find((score) => Number.isNaN(score.value));
  if (bad) throw new NetDefinitionError(nanSentence(bad.name, phase));
}

/** DIGITS' sentence. */
function nanSentence(output: string, phase: MetricPhase): string {
  const name = phase === "train" ? "Train" : "Test";
  return `Network outputted NaN for "${output}" (${name} phase). Try decreasing your learning rate.`;
}

/** The output that counts most in the loss. */
function lossName(net: Net): string {
  const weights = net.outputs.map((name) => ({ name, weight: Math.abs(net.lossWeightOf(name)) }));
  return weights.toSorted((a, b) => b.weight - a.weight)[0]?.name ?? "loss";
}

async function finish(folder: string, record: JobRecord): Promise<JobResult> {
  const metrics = metricsOf(folder);
  const curve = join(folder, jobFiles.curve);
  if (metrics.length > 0) await writePicture(curve, await curvePng(metrics, record.name));
  return {
    folder,
    record,
    metrics,
    best: bestMetric(metrics),
    snapshots: jobSnapshots(folder, record),
    curve: metrics.length > 0 ? curve : undefined,
  };
}

function metricsOf(folder: string): MetricRecord[] {
  try {
    return readMetrics(join(folder, jobFiles.metrics));
  } catch (error) {
    if (error instanceof CaffeError) throw error;
    return []; // a training that was stopped before its first display has none
  }
}

/** The snapshots in a job folder, newest first. */
export function jobSnapshots(folder: string, { settings, size }: JobRecord): JobSnapshot[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const iter = /^snapshot_iter_(\d+)\.caffemodel$/.exec(basename(name))?.[1];
      return iter === undefined ? [] : [{ file: join(folder, name), iter: Number(iter) }];
    })
    .map((snapshot) => ({
      ...snapshot,
      epoch: Number(((snapshot.iter * settings.epochs) / size.maxIter).toFixed(3)),
    }))
    .sort((a, b) => b.iter - a.iter);
}
