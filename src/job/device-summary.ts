/** @file What a net will do on a device: which layers run there, what it holds, what goes over. */
import { sum } from "../core/sum.ts";
import {
  type Device,
  type LayerTransfers,
  deviceMemories,
  fitProblem,
  hardwareOf,
  reckonTransfers,
} from "../device/index.ts";
import type { Net } from "../net/net.ts";

export interface DeviceSummary {
  readonly name: string;
  readonly hardware: string;
  /** Where each layer of the net runs, by name; those are left out that have nothing to compute. */
  readonly placement: Readonly<Record<string, "device" | "host">>;
  /** Bytes on the device. */
  readonly bytes: {
    /** With gradients and one history each, where the net trains. */
    readonly parameters: number;
    /** Values, and where the net trains gradients; in inference memory is used again. */
    readonly blobs: number;
    /** What kernels keep for themselves. */
    readonly scratch: number;
  };
  /** What an iteration moves; inputs are counted as floats. */
  readonly transfers: LayerTransfers;
  /** Those that are there because a layer near runs on the host. */
  readonly transfersOfHost: readonly ({ readonly layer: string } & LayerTransfers)[];
  /** What is too large, layer by layer. */
  readonly problems: readonly string[];
}

/** @param net built on the shapes' device with the kernels of `device` */
export function summarizeOnDevice(net: Net, device: Device): DeviceSummary {
  const isTraining = net.phase === "TRAIN";
  const layers = net.layers.map((planned, i) => ({ planned, isOnDevice: net.runsOnDevice(i) }));
  const placement = layers.flatMap(({ planned: { name, type, layer }, isOnDevice }) =>
    layer.onlyShares || type === "Input" || type === "Split"
      ? []
      : [[name, isOnDevice || !device.remote ? "device" : "host"] as const],
  );
  const costs = device.remote ? reckonTransfers(layers, isTraining) : [];
  const ofHost = costs.flatMap((cost, i) =>
    cost.bytesDown > 0 || cost.bytesUp > cost.bytesOfInputs
      ? [{ layer: net.layers[i]!.name, ...cost }]
      : [],
  );
  return {
    name: device.name,
    hardware: hardwareOf(device),
    placement: Object.fromEntries(placement),
    bytes: bytesOf(net, layers, isTraining),
    transfers: {
      bytesUp: sum(costs.map(({ bytesUp }) => bytesUp)),
      bytesDown: sum(costs.map(({ bytesDown }) => bytesDown)),
      bytesOfInputs: sum(costs.map(({ bytesOfInputs }) => bytesOfInputs)),
    },
    transfersOfHost: ofHost,
    problems: net.layers.flatMap((layer) => fitProblem(layer, device) ?? []),
  };
}

function bytesOf(
  net: Net,
  layers: Parameters<typeof deviceMemories>[0],
  isTraining: boolean,
): DeviceSummary["bytes"] {
  const params = net.learnableParams.filter(({ blob }) =>
    layers.some(({ planned, isOnDevice }) => isOnDevice && planned.layer.blobs.includes(blob)),
  );
  const copies = (lrMult: number) => (isTraining && lrMult !== 0 ? 3 : 1);
  const memories = [...deviceMemories(layers, isTraining)];
  return {
    parameters: 4 * sum(params.map(({ blob, lrMult }) => blob.count * copies(lrMult))),
    blobs: isTraining ? 4 * sum(memories.map(({ capacity }) => capacity)) : net.reusedDataBytes,
    scratch: net.scratchBytes,
  };
}
