/** @file Snapshots: Caffe's .caffemodel and .solverstate, and beside them what an exact resume needs. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Blob } from "../core/blob.ts";
import type { Logger } from "../core/logger.ts";
import { shapeString } from "../core/shape.ts";
import { CaffeError, ModelFileError } from "../errors.ts";
import {
  type StoredBlob,
  blobFromProto,
  readCaffemodel,
  readSolverState,
  shapeFits,
  writeSolverState,
} from "../model-file/index.ts";
import { blobToProto } from "../net/to-proto.ts";
import type { BlobProto, SolverState } from "../schema/index.ts";
import type { SnapshotEvent } from "./events.ts";
import { type Positions, positionsPath, savePositions } from "./positions.ts";
import type { SolverType } from "./solver-types.ts";
import type { SolverSettings } from "./settings.ts";

type SnapshotFormat = SolverSettings["snapshotFormat"];

/** The names of one snapshot's files, relative as snapshot_prefix is. */
function snapshotNames(prefix: string, iter: number, format: SnapshotFormat) {
  const stem = `${prefix}_iter_${iter}`;
  const end = format === "HDF5" ? ".h5" : "";
  return {
    model: `${stem}.caffemodel${end}`,
    state: `${stem}.solverstate${end}`,
    /** Random numbers and data positions, which a .solverstate has no place for. */
    resume: `${stem}.resume.json`,
  };
}

/** What of a solver goes into a snapshot. */
export interface Snapshot extends Positions {
  readonly iter: number;
  readonly type: SolverType;
  readonly currentStep: number;
  readonly history: readonly Blob[];
}

/**
 * Writes the files of a snapshot, each whole or not at all; the .solverstate comes last, so that
 * what it refers to is there.
 */
export async function saveSnapshot(
  snapshot: Snapshot,
  options: { prefix: string; root: string; format: SnapshotFormat; diff: boolean; logger: Logger },
): Promise<SnapshotEvent> {
  const { iter, currentStep, history, net } = snapshot;
  const { prefix, root, format, diff, logger } = options;
  const names = snapshotNames(prefix, iter, format);
  const path = (name: string) => resolve(root, name);
  const say = (source: string, text: string) => logger.log("info", source, text);
  const [kind, modelLine, stateLine] = LOG_WORDS[format];

  say(`solver.cpp:${modelLine}`, `Snapshotting to ${kind} file ${names.model}`);
  await net.save(path(names.model), { diff });
  await savePositions(path(names.resume), snapshot, snapshot);
  say(`sgd_solver.cpp:${stateLine}`, `Snapshotting solver state to ${kind} file ${names.state}`);
  await writeSolverState(path(names.state), {
    iter,
    learnedNet: names.model,
    currentStep,
    history: await Promise.all(history.map(protoOf)),
  });
  return { iter, model: path(names.model), state: path(names.state) };
}

/** What Caffe calls a format, and the lines of its sources that say so. */
const LOG_WORDS = { BINARYPROTO: ["binary proto", 464, 284], HDF5: ["HDF5", 474, 296] } as const;

async function protoOf(blob: Blob): Promise<BlobProto> {
  return blobToProto(await blob.sync(), false);
}

/**
 * Reads a .solverstate.
 * @throws ModelFileError for a file that is something else, such as a .caffemodel
 */
export async function loadSnapshot(path: string): Promise<SolverState> {
  try {
    return await readSolverState(path);
  } catch (error) {
    if (await isCaffemodel(path)) {
      throw new ModelFileError(
        `${path} holds weights (.caffemodel), not the state of a solver (.solverstate): ` +
          "give it as weights to fine-tune from, or give the .solverstate beside it to resume",
        { cause: error },
      );
    }
    throw error;
  }
}

async function isCaffemodel(path: string): Promise<boolean> {
  try {
    return (await readCaffemodel(path)).layer.length > 0;
  } catch (error) {
    if (error instanceof CaffeError) return false;
    throw error;
  }
}

/**
 * The path of the weights that a solver state names: from `root`, or else beside the state, or else
 * there under the state's own name, for a pair that was renamed.
 */
export function learnedNetPath(state: SolverState, statePath: string, root: string): string {
  if (!state.learnedNet) {
    throw new ModelFileError(`${statePath} names no weights: it is no snapshot of a solver`);
  }
  const named = resolve(root, state.learnedNet);
  const beside = join(dirname(statePath), basename(state.learnedNet));
  const renamed = statePath.replace(/\.solverstate(\.h5)?$/, ".caffemodel$1");
  const others = renamed === statePath ? [beside] : [beside, renamed];
  return [named, ...others].find((path) => existsSync(path)) ?? named;
}

/**
 * Refuses the state of a solver type whose history means something else. A .solverstate does not
 * tell which one wrote it, only its side file does.
 * @throws ModelFileError
 */
export function checkWriter(writer: string | undefined, type: SolverType, path: string): void {
  if (writer === undefined || writer === type) return;
  throw new ModelFileError(
    `${path} was written by a solver of type ${writer}, and this one is ${type}: their histories ` +
      `differ. To go on with the numbers as they are, as Caffe does, remove ${positionsPath(path)}`,
  );
}

/**
 * The history that a state holds, checked against a solver's.
 * @throws ModelFileError where number or shapes differ
 */
export function savedHistory(
  state: SolverState,
  history: readonly Blob[],
  type: SolverType,
  path: string,
): readonly StoredBlob[] {
  const saved = state.history.map((proto, index) =>
    blobFromProto(proto, `${path}: history ${index}`),
  );
  if (saved.length !== history.length) {
    throw new ModelFileError(
      `${path}: Incorrect length of history blobs: the file has ${saved.length}, ` +
        `this ${type} solver has ${history.length}; it was written ${writerOf(saved, history)}.`,
    );
  }
  for (const [index, stored] of saved.entries()) {
    const target = history[index]!.shape;
    if (shapeFits(stored, target)) continue;
    throw new ModelFileError(
      `${path}: history ${index} has shape ${shapeString(stored.shape)}, this net's has ` +
        `${shapeString(target)}; the snapshot is of another net.`,
    );
  }
  return saved;
}

/** Who may have written a history of another length: a type with half or twice as many blobs. */
function writerOf(saved: readonly StoredBlob[], history: readonly Blob[]): string {
  const common = saved.slice(0, history.length);
  const isSameNet = common.every((stored, index) => shapeFits(stored, history[index]!.shape));
  if (isSameNet && saved.length * 2 === history.length) {
    return "by SGD, Nesterov, AdaGrad or RMSProp";
  }
  if (isSameNet && saved.length === history.length * 2) return "by AdaDelta or Adam";
  return "for another net";
}
