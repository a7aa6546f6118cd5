/** @file What fuzzing knows of a kind of file: sound ones to start from, damage, and its reader. */
import type { Random } from "./random.ts";

export interface Format {
  /** As the command line calls it, and the folder of kept inputs. */
  readonly name: string;
  /** Sound files, made anew each time and always the same. */
  seeds(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** One damaged file; `others` are seeds and kept inputs to take parts from. */
  mutate(seed: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array;
  /**
   * Reads a file as the rest of cortado does. A CaffeError is a good answer, and so is none.
   * @param folder for files that the reader wants on the disk; they may stay
   */
  attempt(bytes: Uint8Array, folder: string): void | Promise<void>;
}

/** Whatever a reader made of a file must come back from what is written of it. */
export class RoundTripError extends Error {}
