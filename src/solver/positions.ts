/**
 * @file What an exact resume needs and a .solverstate has no place for: random numbers and data
 * positions. They lie in a `.resume.json` beside it, so that the .solverstate stays Caffe's.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Logger } from "../core/logger.ts";
import type { RandomSource, RandomState } from "../core/random.ts";
import { CaffeError } from "../errors.ts";
import { writeFileAtomically } from "../model-file/index.ts";
import type { Net } from "../net/net.ts";

/** What has a position. */
export interface Positions {
  readonly net: Net;
  readonly testNets: readonly Net[];
  readonly random: RandomSource;
}

type NetState = ReturnType<Net["saveState"]>;

interface SavedPositions {
  readonly iter: number;
  readonly random: RandomState;
  readonly net: NetState;
  readonly testNets: readonly NetState[];
}

/** Writes the file whole or not at all. */
export async function savePositions(
  path: string,
  iter: number,
  { net, testNets, random }: Positions,
): Promise<void> {
  const saved: SavedPositions = {
    iter,
    random: random.state(),
    net: net.saveState(),
    testNets: testNets.map((test) => test.saveState()),
  };
  await writeFileAtomically(path, [Buffer.from(`${JSON.stringify(saved)}\n`)]);
}

/**
 * Takes up the positions of the snapshot at `statePath`. Without a fitting side file the data
 * starts from its beginning, as it always does in Caffe; a warning says so.
 */
export async function restorePositions(
  statePath: string,
  iter: number,
  positions: Positions,
  logger: Logger,
): Promise<void> {
  const path = statePath.replace(/\.solverstate$/, ".resume.json");
  const problem = await takeUp(path, iter, positions);
  if (!problem) return;
  const consequence = "the data starts from its beginning, and random numbers are new";
  logger.log("warning", "solver.cpp:498", `${problem}: ${consequence}`);
}

/** @returns what is wrong, if anything is */
async function takeUp(
  path: string,
  iter: number,
  { net, testNets, random }: Positions,
): Promise<string | undefined> {
  if (!existsSync(path)) return `There is no ${path}`;
  try {
    const saved: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isSavedPositions(saved)) return `${path} holds no positions`;
    if (saved.iter !== iter) return `${path} is of iteration ${saved.iter}, not ${iter}`;
    if (saved.testNets.length !== testNets.length) return `${path} is of other test nets`;
    random.restore(saved.random);
    await net.restoreState(saved.net);
    for (const [index, test] of testNets.entries()) {
      await test.restoreState(saved.testNets[index]!);
    }
    return undefined;
  } catch (error) {
    const isBadFile = [SyntaxError, RangeError, CaffeError].some((kind) => error instanceof kind);
    if (isBadFile) return `${path} cannot be used (${(error as Error).message})`;
    throw error;
  }
}

function isSavedPositions(value: unknown): value is SavedPositions {
  if (typeof value !== "object" || value === null) return false;
  const { iter, random, net, testNets } = value as Partial<Record<keyof SavedPositions, unknown>>;
  const isObject = (part: unknown) => typeof part === "object" && part !== null;
  return (
    typeof iter === "number" &&
    isObject(random) &&
    isObject(net) &&
    Array.isArray(testNets) &&
    testNets.every(isObject)
  );
}
