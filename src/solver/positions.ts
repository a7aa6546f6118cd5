/**
 * @file What an exact resume needs and a .solverstate has no place for: random numbers and data
 * positions. They lie in a `.resume.json` beside it, so that the .solverstate stays Caffe's.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
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

/** The content of a side file. */
export interface SavedPositions {
  readonly iter: number;
  /** The solver's `type`, which a .solverstate does not tell. */
  readonly type?: string;
  readonly random: RandomState;
  readonly net: NetState;
  readonly testNets: readonly NetState[];
}

/** The side file of a .solverstate (or .solverstate.h5). */
export function positionsPath(statePath: string): string {
  return statePath.replace(/\.solverstate(\.h5)?$/, ".resume.json");
}

/** Writes the file whole or not at all. */
export async function savePositions(
  path: string,
  { iter, type }: { readonly iter: number; readonly type: string },
  { net, testNets, random }: Positions,
): Promise<void> {
  await random.settle();
  const saved: SavedPositions = {
    iter,
    type,
    random: random.state(),
    net: net.saveState(),
    testNets: testNets.map((test) => test.saveState()),
  };
  await writeFileAtomically(path, [Buffer.from(`${JSON.stringify(saved)}\n`)]);
}

/** Reads the side file at `path`. @returns what it holds, or why it cannot be used */
export async function readPositions(path: string, iter: number): Promise<SavedPositions | string> {
  if (!existsSync(path)) return `There is no ${path}`;
  try {
    const saved: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isSavedPositions(saved)) return `${path} holds no positions`;
    return saved.iter === iter ? saved : `${path} is of iteration ${saved.iter}, not ${iter}`;
  } catch (error) {
    return unusable(path, error);
  }
}

/** Goes on at the positions of the side file at `path`. @returns why that was not possible, if so */
export async function takeUpPositions(
  path: string,
  saved: SavedPositions,
  { net, testNets, random }: Positions,
): Promise<string | undefined> {
  if (saved.testNets.length !== testNets.length) return `${path} is of other test nets`;
  try {
    await net.restoreState(saved.net);
    for (const [index, test] of testNets.entries()) {
      await test.restoreState(saved.testNets[index]!);
    }
    random.restore(saved.random);
    return undefined;
  } catch (error) {
    return unusable(path, error);
  }
}

/** @throws what is no mistake in the file */
function unusable(path: string, error: unknown): string {
  const isBadFile = [SyntaxError, RangeError, CaffeError].some((kind) => error instanceof kind);
  if (isBadFile) return `${path} cannot be used (${(error as Error).message})`;
  throw error;
}

function isSavedPositions(value: unknown): value is SavedPositions {
  if (typeof value !== "object" || value === null) return false;
  const { iter, type, random, net, testNets } = value as Partial<
    Record<keyof SavedPositions, unknown>
  >;
  const isObject = (part: unknown) => typeof part === "object" && part !== null;
  return (
    typeof iter === "number" &&
    (type === undefined || typeof type === "string") &&
    isObject(random) &&
    isObject(net) &&
    Array.isArray(testNets) &&
    testNets.every(isObject)
  );
}
