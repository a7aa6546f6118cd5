/** @file `debug_info`: the mean size of every blob and gradient, logged as the net computes them. */
import type { Engine } from "../core/engine.ts";
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { StepTimer } from "../device/index.ts";
import { syncAll } from "./blob-values.ts";
import type { LearnableParam, NetLayer } from "./net-layer.ts";

/** Calls `timer` and logs each layer as soon as it has run, with the newest values wherever they are. */
export function loggingTimer(
  layers: readonly NetLayer[],
  logger: Logger,
  timer: StepTimer | undefined,
): StepTimer {
  return async (index, pass, ms) => {
    await timer?.(index, pass, ms);
    const layer = layers[index]!;
    await syncAll([...layer.topBlobs, ...layer.bottomBlobs, ...layer.blobs]);
    logLayer(layer, pass, logger);
  };
}

/**
 * Logs a layer's blobs, or their gradients. Called as soon as the layer has run, so that in-place
 * layers show what they were given and what they made of it.
 */
function logLayer(layer: NetLayer, pass: "forward" | "backward", logger: Logger): void {
  if (pass === "forward") logForward(layer, logger);
  else logBackward(layer, logger);
}

function logForward({ name, tops, topBlobs, blobs, param }: NetLayer, logger: Logger): void {
  const say = (source: string, what: string, values: Float32Array) =>
    logger.log("info", source, `    [Forward] Layer ${name}, ${what} data: ${meanSize(values)}`);
  for (const [i, blob] of topBlobs.entries()) say("net.cpp:593", `top blob ${tops[i]}`, blob.data);
  for (const [i, blob] of blobs.entries()) {
    say("net.cpp:605", `param blob ${param.param[i]?.name || i}`, blob.data);
  }
}

function logBackward(
  { name, bottoms, bottomBlobs, propagateDown, blobs, layer }: NetLayer,
  logger: Logger,
): void {
  const say = (source: string, what: string, values: Float32Array) =>
    logger.log("info", source, `    [Backward] Layer ${name}, ${what} diff: ${meanSize(values)}`);
  for (const [i, blob] of bottomBlobs.entries()) {
    if (propagateDown[i]) say("net.cpp:621", `bottom blob ${bottoms[i]}`, blob.diff);
  }
  for (const [i, blob] of blobs.entries()) {
    if (layer.paramPropagateDown?.[i]) say("net.cpp:632", `param blob ${i}`, blob.diff);
  }
}

/** One line for all parameters after a backward pass. */
export function logParameterNorms(
  params: readonly LearnableParam[],
  engine: Engine,
  logger: Logger,
): void {
  let [absData, absDiff, squaredData, squaredDiff] = [0, 0, 0, 0];
  for (const { blob } of params) {
    absData += sumOfSizes(blob.data);
    absDiff += sumOfSizes(blob.diff);
    squaredData += engine.dot(blob.count, blob.dataPointer, blob.dataPointer);
    squaredDiff += engine.dot(blob.count, blob.diffPointer, blob.diffPointer);
  }
  const pair = (a: number, b: number) => `(${generalNumber(a)}, ${generalNumber(b)})`;
  const l1 = pair(absData, absDiff);
  const l2 = pair(Math.sqrt(squaredData), Math.sqrt(squaredDiff));
  const norms = `L1 norm = ${l1}; L2 norm = ${l2}`;
  // Caffe logs this one line as an error.
  logger.log("error", "net.cpp:721", `    [Backward] All net params (data, diff): ${norms}`);
}

function meanSize(values: Float32Array): string {
  return generalNumber(sumOfSizes(values) / values.length);
}

function sumOfSizes(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum;
}
