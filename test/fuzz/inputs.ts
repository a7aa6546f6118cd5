/** @file The inputs of a run: kept ones first, then damaged ones, each made from its number alone. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Format } from "./format.ts";
import { randomFrom } from "./random.ts";

/** An endless list of inputs. */
export interface Inputs {
  /** How many sound files come first, and how many files come first at all that are not damaged here. */
  readonly sound: number;
  readonly kept: number;
  at(index: number): Uint8Array;
}

/**
 * @param corpus the folder of kept inputs, with a folder a format; what once broke something lies there
 * @param seed what makes one run's damage another one than the next run's
 */
export async function inputsOf(format: Format, corpus: string, seed: string): Promise<Inputs> {
  const seeds = await format.seeds();
  const kept = [...seeds, ...keptInputs(join(corpus, format.name))];
  return {
    sound: seeds.length,
    kept: kept.length,
    at(index) {
      if (index < kept.length) return kept[index]!;
      const random = randomFrom(`${seed}/${format.name}/${index}`);
      return format.mutate(random.pick(kept), random, kept);
    },
  };
}

function keptInputs(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}
