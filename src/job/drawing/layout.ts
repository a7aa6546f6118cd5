/** @file Where the cards and the wires of a net go; dagre, a library for layered graphs, decides. */
import type { EdgeLabel, GraphLabel, NodeLabel } from "@dagrejs/dagre";
import { NetDefinitionError } from "../../errors.ts";
import type { CardFace } from "./card.ts";
import type { NetGraph, Wire } from "./graph.ts";
import { shortened, textWidth } from "./text.ts";

/** Which way data flows: from the left, the top, the bottom, or the right. */
export const DIRECTIONS = ["LR", "TB", "BT", "RL"] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A card with the place of its upper left corner. */
export interface PlacedCard extends Point {
  readonly face: CardFace;
}

export interface PlacedWire {
  readonly wire: Wire;
  /** Where the wire passes other cards: a place in each rank between its ends. */
  readonly lanes: readonly Point[];
  /** The blob's name where its maker has several tops, and the middle of that text. */
  readonly label: ({ readonly text: string } & Point) | undefined;
}

export interface Layout {
  readonly cards: readonly PlacedCard[];
  readonly wires: readonly PlacedWire[];
  readonly width: number;
  readonly height: number;
  readonly direction: Direction;
}

export const LABEL_SIZE = 10;
/** More cards would take minutes, and nobody could look at them. */
const MAX_CARDS = 3000;

/** @throws NetDefinitionError for a net of more layers than can be looked at */
export function checkDrawable({ cards }: NetGraph): void {
  if (cards.length <= MAX_CARDS) return;
  throw new NetDefinitionError(
    `a picture of ${cards.length} layers would be too large to look at; at most ${MAX_CARDS} are drawn`,
  );
}

export async function layOut(
  graph: NetGraph,
  faces: readonly CardFace[],
  direction: Direction,
): Promise<Layout> {
  const { Graph, layout } = await import("@dagrejs/dagre");
  const picture = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ multigraph: true });
  picture.setGraph({ rankdir: direction, nodesep: 28, ranksep: 54, edgesep: 14 });
  for (const { card, width, height } of faces) picture.setNode(String(card.id), { width, height });
  const isStraight = straightWires(graph);
  for (const wire of graph.wires) {
    const text = labelOf(wire);
    const size = text ? { width: textWidth(text, LABEL_SIZE) + 6, height: LABEL_SIZE + 4 } : {};
    const weight = isStraight(wire) ? 4 : 1;
    picture.setEdge(...ends(wire), { labelpos: "c", weight, ...size }, wire.blob);
  }
  layout(picture);
  const { width = 0, height = 0 } = picture.graph();
  return {
    width,
    height,
    direction,
    cards: faces.map((face) => {
      const { x = 0, y = 0 } = picture.node(String(face.card.id));
      return { face, x: x - face.width / 2, y: y - face.height / 2 };
    }),
    wires: graph.wires.map((wire) => {
      const { points = [], x = 0, y = 0 } = picture.edge(...ends(wire), wire.blob);
      const text = labelOf(wire);
      // The first and the last lie where dagre cuts the cards; `routes` has better places.
      const lanes = points.slice(1, -1);
      return { wire, lanes, label: text ? { text, x, y } : undefined };
    }),
  };
}

function ends({ from, to }: Wire): [string, string] {
  return [String(from.id), String(to.id)];
}

function labelOf({ from, blob }: Wire): string {
  return from.layer.top.length > 1 ? shortened(blob, 24) : "";
}

/** Which wires join cards that have no others on that side: the trunk of a net, to be drawn straight. */
function straightWires({ wires }: NetGraph): (wire: Wire) => boolean {
  const out = new Map<number, number>();
  const into = new Map<number, number>();
  for (const { from, to } of wires) {
    out.set(from.id, (out.get(from.id) ?? 0) + 1);
    into.set(to.id, (into.get(to.id) ?? 0) + 1);
  }
  return ({ from, to }) => out.get(from.id) === 1 && into.get(to.id) === 1;
}
