/** @file Files that end too early: what every copy that was interrupted leaves. */
import type { Format } from "./format.ts";
import { verdictOn } from "./verdict.ts";

/** What came of the cuts of one format's sound files. */
export interface Cuts {
  readonly count: number;
  /** What no reader may do, with the file's number and where it was cut. */
  readonly failures: readonly string[];
  /** Cuts that the reader did not notice. */
  readonly unnoticed: readonly string[];
}

/**
 * Cuts every sound file of a format at every byte, or at `most` places that are spread over it.
 * @param folder for files that the reader wants on the disk
 */
export async function cutEverywhere(format: Format, folder: string, most: number): Promise<Cuts> {
  const failures: string[] = [];
  const unnoticed: string[] = [];
  let count = 0;
  for (const [index, seed] of (await format.seeds()).entries()) {
    const cuts = Math.min(seed.length, most);
    for (let i = 0; i < cuts; i++) {
      const length = Math.floor((i * seed.length) / cuts);
      const input = seed.subarray(0, length);
      const { failure, isAccepted } = await verdictOn(format, input, folder);
      const what = `file ${index} cut at ${length} of ${seed.length}`;
      count++;
      if (failure) failures.push(`${what}: ${failure}`);
      if (isAccepted) unnoticed.push(what);
    }
  }
  return { count, failures, unnoticed };
}

/** Formats in which every file says how long it is, or what must be in it. */
export const TELLS_ITS_LENGTH: ReadonlySet<string> = new Set(["binaryproto", "npy", "hdf5"]);
