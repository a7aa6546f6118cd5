/** @file What a net will need in memory, and a refusal before training where it cannot fit. */
import { type Heap, mebi } from "../core/heap.ts";
import { NetDefinitionError } from "../errors.ts";
import type { LearnableParam, NetLayer } from "./net-layer.ts";

const FLOAT_BYTES = 4;

interface NetMemory {
  readonly phase: "TRAIN" | "TEST";
  readonly layers: readonly NetLayer[];
  readonly learnableParams: readonly LearnableParam[];
  readonly device: { readonly heap: Heap; readonly remote?: unknown };
}

/** Bytes that a net needs: for training values, gradients and one history for each parameter. */
export function requiredBytes(net: NetMemory): number {
  const activations = net.layers.reduce((sum, layer) => sum + layerBytes(net, layer), 0);
  return FLOAT_BYTES * copiesOf(net) * paramCount(net) + activations;
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
