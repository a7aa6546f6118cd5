/** @file What a net will need in memory, and a refusal before training where it cannot fit. */
import type { Blob } from "../core/blob.ts";
import { type Heap, mebi } from "../core/heap.ts";
import { sum } from "../core/sum.ts";
import { NetDefinitionError } from "../errors.ts";
import type { LearnableParam, NetLayer } from "./net-layer.ts";

const FLOAT_BYTES = 4;

interface ParameterLayers {
  readonly layers: readonly NetLayer[];
  readonly learnableParams: readonly LearnableParam[];
}

interface NetMemory extends ParameterLayers {
  readonly phase: "TRAIN" | "TEST";
  readonly device: { readonly heap: Heap; readonly remote?: unknown };
}

/** Bytes that a net needs: for training values, gradients and one history for each parameter. */
export function requiredBytes(net: NetMemory): number {
  const activations = net.layers.reduce((sum, layer) => sum + layerBytes(net, layer), 0);
  return FLOAT_BYTES * copiesOf(net) * paramCount(net) + activations;
}

/** The gradient of a parameter that learns, at which only its layer's backward pass looks. */
export interface OwnGradient {
  readonly blob: Blob;
  readonly layerIndex: number;
  /** Number of the blob in its layer: weight 0, bias 1. */
  readonly index: number;
}

/**
 * The gradients that may take turns in memory, if each is used up right after its layer's pass; those
 * that layers share are none.
 */
export function ownGradients({ layers, learnableParams }: ParameterLayers): OwnGradient[] {
  const learning = learnableParams.filter(({ lrMult, blob }) => lrMult !== 0 && !blob.hasDiff);
  const blobs = new Set(learning.map(({ blob }) => blob));
  return layers.flatMap(({ layer }, layerIndex) =>
    layer.blobs
      .map((blob, index) => ({ blob, layerIndex, index }))
      .filter(({ blob }) => layer.ownsGradients && blobs.has(blob)),
  );
}

/** Floats of the memories in which gradients take turns: the largest weight, the largest bias. */
export function turnCounts(gradients: readonly OwnGradient[]): number[] {
  const counts: number[] = [];
  for (const { blob, index } of gradients) {
    counts[index] = Math.max(counts[index] ?? 0, blob.count);
  }
  return Array.from(counts, (count) => count ?? 0);
}

/** Bytes that training by SGD needs less than `requiredBytes` where gradients take turns. */
export function sparedBytes(net: ParameterLayers): number {
  const gradients = ownGradients(net);
  return FLOAT_BYTES * (sum(gradients.map(({ blob }) => blob.count)) - sum(turnCounts(gradients)));
}

/** Arrays of a parameter's size: values, and for training gradient and history. */
const copiesOf = ({ phase }: NetMemory) => (phase === "TRAIN" ? 3 : 1);

const paramCount = ({ learnableParams }: NetMemory) =>
  learnableParams.reduce((sum, { blob }) => sum + blob.count, 0);

/**
 * Refuses a net that cannot fit the CPU heap.
 * @throws NetDefinitionError with the need, and the layers that need most
 */
export function checkMemory(net: NetMemory): void {
  // What only a device looks at takes no memory of the host.
  if (net.device.remote) return;
  const problem = memoryProblem(net, net.device.heap.limitBytes);
  if (problem !== undefined) throw new NetDefinitionError(problem);
}

/** Why a net does not fit a heap of `limit` bytes; undefined where it does. */
export function memoryProblem(net: NetMemory, limit: number): string | undefined {
  const bytes = requiredBytes(net);
  if (bytes <= limit) return undefined;
  const largest = net.layers
    .map((layer) => ({ name: layer.name, bytes: layerBytes(net, layer) + paramBytes(layer) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map((layer) => `${layer.name} ${mebi(layer.bytes)}`);
  return (
    `the net needs ${mebi(bytes)} of memory, and the CPU heap ends at ${mebi(limit)}; ` +
    `largest layers: ${largest.join(", ")}. ${advice(net, limit)}`
  );
}

/** What would fit: activations grow with the batch, parameters do not. */
function advice(net: NetMemory, limit: number): string {
  const batch = net.layers[0]?.topBlobs[0]?.shape[0] ?? 1;
  const fixed = FLOAT_BYTES * copiesOf(net) * paramCount(net);
  const fitting = Math.floor((batch * (limit - fixed)) / (requiredBytes(net) - fixed));
  if (fitting >= 1 && fitting < batch) {
    return `A batch of ${fitting} in place of ${batch} would fit (iter_size adds batches up).`;
  }
  return "Use a smaller input or fewer outputs.";
}

/** Bytes of all activations' values; memory that layers share is counted once. */
export function activationBytes(net: Pick<NetMemory, "layers">): number {
  return net.layers.reduce((sum, layer) => sum + valueBytes(layer), 0);
}

/** Tops' values, and their gradients where the layer runs backward. */
function layerBytes({ phase }: NetMemory, layer: NetLayer): number {
  return (phase === "TRAIN" && layer.needsBackward ? 2 : 1) * valueBytes(layer);
}

/** Tops' values; memory that the layer shares with its bottoms counts there. */
function valueBytes(layer: NetLayer): number {
  const shares = layer.type === "Split" || layer.type === "Reshape" || layer.type === "Flatten";
  const own = layer.topBlobs.filter((top) => !layer.bottomBlobs.includes(top));
  return shares ? 0 : FLOAT_BYTES * own.reduce((sum, blob) => sum + blob.count, 0);
}

function paramBytes(layer: NetLayer): number {
  return FLOAT_BYTES * layer.blobs.reduce((sum, blob) => sum + blob.count, 0);
}
