/** @file The state of random numbers as bytes: the words of the generator, then the number of the next one. */
import type { RandomState } from "../../core/random.ts";

export function randomBytesOf({ words, next }: RandomState): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from([...words, next]).buffer);
}

export function randomStateOf(bytes: Uint8Array): RandomState {
  const words = [...new Uint32Array(Uint8Array.from(bytes).buffer)];
  return { words, next: words.pop() ?? 0 };
}

export const RANDOM_BYTES = 4 * 625;
