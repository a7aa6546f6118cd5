/** @file InsertSplits: a blob that several layers read is copied by a Split layer, so that gradients add up. */
import { NetDefinitionError } from "../errors.ts";
import { type LayerParameter, copyMessage, createMessage, locationOf } from "../schema/index.ts";

/** A version of a blob: top `index` of layer number `layer`. */
interface Producer {
  readonly layer: number;
  readonly index: number;
  readonly blob: string;
  /** Uses as bottom by later layers, plus one if the top carries a given loss weight. */
  uses: number;
  readonly lossWeight: number;
  /** How many of the split's tops were handed out. */
  handedOut: number;
}

/**
 * Inserts a Split layer after every top that is used more than once (BVLC InsertSplits). Layers
 * that change are copied; the input stays as it is.
 * @throws NetDefinitionError for a bottom that no earlier layer produces
 */
export function insertSplits(layers: readonly LayerParameter[]): LayerParameter[] {
  const { producers, sources } = countUses(layers);
  const result: LayerParameter[] = [];
  layers.forEach((layer, i) => {
    const bottom = layer.bottom.map((name, j) => {
      const producer = sources[i]![j]!;
      return producer.uses > 1 ? splitBlobName(layers, producer, producer.handedOut++) : name;
    });
    const own = producers.filter((p) => p.layer === i && p.uses > 1);
    const keepsLoss = !own.some((p) => p.lossWeight !== 0);
    const changed = bottom.some((name, j) => name !== layer.bottom[j]) || !keepsLoss;
    const copy = changed
      ? copyMessage(layer, { bottom, lossWeight: keepsLoss ? layer.lossWeight : [] })
      : layer;
    result.push(copy);
    for (const producer of own) result.push(splitLayer(layers, producer));
  });
  return result;
}

function countUses(layers: readonly LayerParameter[]) {
  const producers: Producer[] = [];
  const latest = new Map<string, Producer>();
  const sources = layers.map((layer, i) => {
    const bottoms = layer.bottom.map((blob, j) => {
      const producer = latest.get(blob);
      if (!producer) throw unknownBottom(layer, blob, j);
      producer.uses++;
      return producer;
    });
    layer.top.forEach((blob, index) => {
      const lossWeight = layer.lossWeight[index] ?? 0;
      // The net itself reads a top with a loss weight: that is one use, and the first one.
      const uses = lossWeight === 0 ? 0 : 1;
      const producer = { layer: i, index, blob, uses, lossWeight, handedOut: uses };
      producers.push(producer);
      latest.set(blob, producer);
    });
    return bottoms;
  });
  return { producers, sources };
}

function unknownBottom(layer: LayerParameter, blob: string, index: number): NetDefinitionError {
  const name = layer.name ?? "";
  return new NetDefinitionError(
    `Unknown bottom blob '${blob}' (layer '${name}', bottom index ${index})`,
    { location: locationOf(layer, "bottom") ?? locationOf(layer) },
  );
}

function splitLayer(layers: readonly LayerParameter[], producer: Producer): LayerParameter {
  const { uses, lossWeight } = producer;
  const tops = Array.from({ length: uses }, (_, k) => splitBlobName(layers, producer, k));
  return createMessage("LayerParameter", {
    name: splitName(layers, producer),
    type: "Split",
    bottom: [producer.blob],
    top: tops,
    lossWeight: lossWeight === 0 ? [] : tops.map((_, k) => (k === 0 ? lossWeight : 0)),
  });
}

/** `<blob>_<layer>_<top index>_split` */
function splitName(layers: readonly LayerParameter[], { layer, index, blob }: Producer): string {
  return `${blob}_${layers[layer]!.name ?? ""}_${index}_split`;
}

function splitBlobName(layers: readonly LayerParameter[], producer: Producer, k: number): string {
  return `${splitName(layers, producer)}_${k}`;
}
