/** @file A net as a graph to be drawn: cards of layers, with the layers that work in place on them. */
import { type State, filterLayers } from "../../net/filter.ts";
import type { LayerParameter, NetParameter, Phase } from "../../schema/index.ts";

/** A layer, and what works in place on its top, in order. */
export interface Card {
  readonly id: number;
  readonly layer: LayerParameter;
  readonly inPlace: LayerParameter[];
  /** The phases in which the layer is part of the net. */
  readonly phases: Set<Phase>;
}

/** A blob that goes from one card to another. */
export interface Wire {
  readonly from: Card;
  readonly to: Card;
  readonly blob: string;
}

export interface NetGraph {
  readonly cards: readonly Card[];
  readonly wires: readonly Wire[];
  /** What was drawn over each other. */
  readonly states: readonly State[];
}

/** TRAIN, TEST, or every layer of the file. */
export type DrawnPhase = Phase | "ALL";

/**
 * Lays the nets of one prototxt over each other: a layer that several of them have is one card.
 * @param stages of the net; all that rules name, one after the other, if absent
 */
export function netGraph(
  net: NetParameter,
  phase: DrawnPhase,
  options: { readonly level?: number; readonly stages?: readonly string[] } = {},
): NetGraph {
  const phases: readonly Phase[] = phase === "ALL" ? ["TRAIN", "TEST"] : [phase];
  const stageLists = options.stages ? [options.stages] : possibleStages(net);
  const states = phases.flatMap((phase) =>
    stageLists.map((stages) => ({ phase, level: options.level ?? 0, stages })),
  );
  const nets = states.map((state) => ({ layers: filterLayers(net, state), phase: state.phase }));
  return { ...laidOver(nets, net.layer), states };
}

/**
 * Nets laid over each other.
 * @param order all of their layers, as cards are to be listed
 */
export function laidOver(
  nets: readonly { readonly layers: readonly LayerParameter[]; readonly phase: Phase }[],
  order: readonly LayerParameter[],
): Pick<NetGraph, "cards" | "wires"> {
  const builder = new GraphBuilder();
  for (const { layers, phase } of nets) builder.add(layers, phase);
  const cards = order.flatMap((layer) => builder.cards.get(layer) ?? []);
  return { cards: [...new Set(cards)], wires: [...builder.wires.values()] };
}

/** No stage, and each that a rule names; a file of a stranger may name any number. */
function possibleStages(net: NetParameter): string[][] {
  const rules = net.layer.flatMap(({ include, exclude }) => [...include, ...exclude]);
  const named = new Set(rules.flatMap(({ stage, notStage }) => [...stage, ...notStage]));
  return [[], ...[...named].slice(0, 8).map((stage) => [stage])];
}

/** Cards between a data layer and what reads its labels, from which on no wire is drawn. */
const FAR = 6;

/**
 * The wires of labels that go past many cards. A picture is easier to read when the names stand at
 * both ends in their place.
 */
export function farLabels({ cards, wires }: NetGraph): ReadonlySet<Wire> {
  const depth = new Map(cards.map((card) => [card, 0]));
  // Layers stand behind those that they read from, so one pass is enough.
  for (const { from, to } of wires.toSorted((a, b) => a.to.id - b.to.id)) {
    depth.set(to, Math.max(depth.get(to)!, depth.get(from)! + 1));
  }
  const isLabel = ({ from, blob }: Wire) =>
    from.layer.bottom.length === 0 && from.layer.top.indexOf(blob) > 0;
  return new Set(
    wires.filter((wire) => isLabel(wire) && depth.get(wire.to)! - depth.get(wire.from)! > FAR),
  );
}

class GraphBuilder {
  /** The card of each layer that has been seen, those in place included. */
  readonly cards = new Map<LayerParameter, Card>();
  readonly wires = new Map<string, Wire>();
  #count = 0;

  add(layers: readonly LayerParameter[], phase: Phase): void {
    const makers = new Map<string, Card>();
    /** Blobs that were read since they were made; what changes them then is no part of their maker. */
    const read = new Set<string>();
    for (const layer of layers) {
      const card = this.#cardOf(layer, makers, read);
      card.phases.add(phase);
      for (const blob of layer.bottom) {
        const from = makers.get(blob);
        if (from && from !== card) this.#wire(from, card, blob);
        if (from !== card) read.add(blob);
      }
      for (const blob of layer.top) {
        makers.set(blob, card);
        read.delete(blob);
      }
    }
  }

  #cardOf(
    layer: LayerParameter,
    makers: ReadonlyMap<string, Card>,
    read: ReadonlySet<string>,
  ): Card {
    const known = this.cards.get(layer);
    if (known) return known;
    const [blob = ""] = layer.bottom;
    const isInPlace = layer.bottom.length === 1 && layer.top.length === 1 && layer.top[0] === blob;
    const maker = isInPlace && !read.has(blob) ? makers.get(blob) : undefined;
    if (maker) maker.inPlace.push(layer);
    const card = maker ?? { id: this.#count++, layer, inPlace: [], phases: new Set<Phase>() };
    this.cards.set(layer, card);
    return card;
  }

  #wire(from: Card, to: Card, blob: string): void {
    const key = `${from.id} ${to.id} ${blob}`;
    if (!this.wires.has(key)) this.wires.set(key, { from, to, blob });
  }
}
