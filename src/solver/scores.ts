/** @file The outputs of a net as numbers and as Caffe's log lines. */
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { Net } from "../net/net.ts";
import type { Score } from "./events.ts";

/** Every element of every output blob, in the order of the outputs. */
export async function scoresOf(net: Net): Promise<Score[]> {
  const scores: Score[] = [];
  for (const name of net.outputs) {
    const blob = await net.blobs.get(name)!.sync();
    const lossWeight = net.lossWeightOf(name);
    for (const value of blob.data) scores.push({ name, value, lossWeight });
  }
  return scores;
}

/** `loss = 0.5 (* 1 = 0.5 loss)` */
export function scoreText({ name, value, lossWeight }: Score): string {
  const text = `${name} = ${generalNumber(value)}`;
  if (lossWeight === 0) return text;
  const weighted = generalNumber(Math.fround(lossWeight * value));
  return `${text} (* ${generalNumber(lossWeight)} = ${weighted} loss)`;
}

export function logScores(
  logger: Logger,
  source: string,
  phase: "Train" | "Test",
  scores: readonly Score[],
): void {
  scores.forEach((score, index) => {
    logger.log("info", source, `    ${phase} net output #${index}: ${scoreText(score)}`);
  });
}

/** Adds up the outputs of several batches, in float32 as Caffe does. */
export class MeanScores {
  #sums: Score[] | undefined;
  #batches = 0;

  add(scores: readonly Score[]): void {
    this.#batches++;
    const sums = this.#sums;
    this.#sums = sums
      ? sums.map((sum, i) => ({ ...sum, value: Math.fround(sum.value + scores[i]!.value) }))
      : [...scores];
  }

  get means(): Score[] {
    return (this.#sums ?? []).map((sum) => ({
      ...sum,
      value: Math.fround(sum.value / this.#batches),
    }));
  }
}
