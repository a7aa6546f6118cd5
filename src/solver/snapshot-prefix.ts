/** @file Where snapshots go: Caffe's rules for snapshot_prefix, and a check before hours are spent. */
import { statSync } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { parse, resolve } from "node:path";
import type { Logger } from "../core/logger.ts";
import { NetDefinitionError } from "../errors.ts";
import type { SolverParameter } from "../schema/index.ts";
import { failSolver } from "./fail.ts";

/**
 * The prefix of the snapshots' names: as given; in a folder, the solver file's name; else the solver
 * file's path without extension. (BVLC UpgradeSnapshotPrefixProperty)
 * @param given `snapshot_prefix`; relative to `root`
 * @param solverFile the path of the solver's prototxt, if it came from a file
 */
export function snapshotPrefix(
  given: string | undefined,
  solverFile: string | undefined,
  root: string,
  logger: Logger,
): string | undefined {
  if (!solverFile) return given;
  const { ext, name } = parse(solverFile);
  if (!given) {
    // Relative names are kept, as Caffe writes them to the log and into the solver state.
    const atRoot = resolve(solverFile) === resolve(root, solverFile);
    const path = atRoot ? solverFile : resolve(solverFile);
    const prefix = path.slice(0, path.length - ext.length);
    const message = `snapshot_prefix was not specified and is set to ${prefix}`;
    logger.log("info", "upgrade_proto.cpp:1107", message);
    return prefix;
  }
  if (!statSync(resolve(root, given), { throwIfNoEntry: false })?.isDirectory()) return given;
  const prefix = `${given.replace(/\/$/, "")}/${name}`;
  const message = `snapshot_prefix was a directory and is replaced to ${prefix}`;
  logger.log("info", "upgrade_proto.cpp:1113", message);
  return prefix;
}

/** @throws NetDefinitionError where a solver has nowhere to save snapshots */
export function requirePrefix(param: SolverParameter): string {
  return (
    param.snapshotPrefix ||
    failSolver(
      param,
      "snapshot",
      "this solver has no snapshot_prefix, so it cannot save snapshots: " +
        "give one, or set snapshot_after_train: false and snapshot: 0",
    )
  );
}

/**
 * Writes and removes an empty file beside the snapshots to come.
 * @throws NetDefinitionError if that is not possible
 */
export async function checkPrefixWritable(prefix: string, root: string): Promise<void> {
  const probe = resolve(root, `${prefix}_iter_0.${process.pid}.tempfile`);
  try {
    await (await open(probe, "w")).close();
    await unlink(probe);
  } catch (cause) {
    throw new NetDefinitionError(
      `Cannot write to snapshot prefix '${prefix}'.  Make sure that the directory exists and is writable.`,
      { cause },
    );
  }
}
