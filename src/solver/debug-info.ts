/** @file `debug_info`: the mean size of every blob and gradient, logged as the net computes them. */
import { generalNumber } from "../core/general-number.ts";
import type { Logger } from "../core/logger.ts";
import type { Net } from "../net/net.ts";

/**
 * Logs each layer's blobs as soon as it has run, so that in-place layers show what they were given
 * and what they made of it. @returns what ends that
 */
export function logLayers(net: Net, logger: Logger): () => void {
  net.onLayerTime((index, pass) => {
    if (pass === "forward") logForward(net, index, logger);
    else logBackward(net, index, logger);
  });
  return () => net.onLayerTime(undefined);
}

function logForward(net: Net, index: number, logger: Logger): void {
  const { name, tops, topBlobs, blobs, param } = net.layers[index]!;
  const say = (source: string, what: string, values: Float32Array) =>
    logger.log("info", source, `    [Forward] Layer ${name}, ${what} data: ${meanSize(values)}`);
  for (const [i, blob] of topBlobs.entries()) say("net.cpp:593", `top blob ${tops[i]}`, blob.data);
  for (const [i, blob] of blobs.entries()) {
    say("net.cpp:605", `param blob ${param.param[i]?.name || i}`, blob.data);
  }
}

function logBackward(net: Net, index: number, logger: Logger): void {
  const { name, bottoms, bottomBlobs, propagateDown, blobs, layer } = net.layers[index]!;
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
export function logParameterNorms(net: Net, logger: Logger): void {
  let [absData, absDiff, squaredData, squaredDiff] = [0, 0, 0, 0];
  for (const { blob } of net.learnableParams) {
    absData += sumOfSizes(blob.data);
    absDiff += sumOfSizes(blob.diff);
    squaredData += net.engine.dot(blob.count, blob.dataPointer, blob.dataPointer);
    squaredDiff += net.engine.dot(blob.count, blob.diffPointer, blob.diffPointer);
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
