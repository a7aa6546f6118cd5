/** @file A test pass: the trained parameters on a test net, its outputs averaged over test_iter batches. */
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { Net } from "../net/net.ts";
import type { TestEvent } from "./events.ts";
import { MeanScores, logScores, scoresOf } from "./scores.ts";

export interface TestPass {
  readonly iter: number;
  /** Which test net. */
  readonly index: number;
  readonly trained: Net;
  readonly testNet: Net;
  /** Batches to average over: test_iter. */
  readonly batches: number;
  readonly computeLoss: boolean;
  readonly logger: Logger;
  /** Called before each batch; true ends the pass. */
  readonly interrupted: () => Promise<boolean>;
}

/** @returns the mean outputs, or `undefined` if the pass was interrupted */
export async function runTestPass(pass: TestPass): Promise<TestEvent | undefined> {
  const { iter, index, testNet, batches, logger } = pass;
  logger.log("info", "solver.cpp:347", `Iteration ${iter}, Testing net (#${index})`);
  testNet.shareTrainedLayersWith(pass.trained);
  const means = new MeanScores();
  let loss = 0;
  let isInterrupted = false;
  for (let batch = 0; batch < batches; batch++) {
    isInterrupted = await pass.interrupted();
    if (isInterrupted) break;
    loss = Math.fround(loss + (await testNet.run()));
    means.add(await scoresOf(testNet));
  }
  if (isInterrupted) {
    logger.log("info", "solver.cpp:395", "Test interrupted.");
    return undefined;
  }
  const meanLoss = pass.computeLoss ? Math.fround(loss / batches) : undefined;
  if (meanLoss !== undefined) {
    logger.log("info", "solver.cpp:401", `Test loss: ${generalNumber(meanLoss)}`);
  }
  const scores = means.means;
  logScores(logger, "solver.cpp:414", "Test", scores);
  return { iter, net: index, loss: meanLoss, scores };
}
