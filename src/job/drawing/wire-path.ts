/** @file The ways of the wires: out of one side of a card, past others in lanes, into the side of another. */
import type { Layout, PlacedCard, PlacedWire, Point } from "./layout.ts";

/** A place along the flow and across it, whichever way the flow goes. */
interface Place {
  readonly along: number;
  readonly across: number;
}

/** Room that a wire keeps from the cards that it passes. */
const CLEARANCE = 6;

/** A path for each wire, for the attribute `d`. */
export function wirePaths(layout: Layout): ReadonlyMap<PlacedWire, string> {
  const { direction } = layout;
  const isAcross = direction === "LR" || direction === "RL";
  const sign = direction === "LR" || direction === "TB" ? 1 : -1;
  const placeOf = ({ x, y }: Point): Place =>
    isAcross ? { along: sign * x, across: y } : { along: sign * y, across: x };
  const pointOf = ({ along, across }: Place) => {
    const [a, b] = [round(sign * along), round(across)];
    return isAcross ? `${a} ${b}` : `${b} ${a}`;
  };
  const sides = new Map(layout.cards.map((card) => [card.face.card, sidesOf(card, placeOf)]));
  const halves = halfRanks([...sides.values()]);
  const lanes = new Map(
    layout.wires.map((wire) => {
      const label = wire.label && placeOf(wire.label);
      return [wire, lanesOf(wire.lanes.map(placeOf), halves, label)];
    }),
  );
  const next = (wire: PlacedWire) => lanes.get(wire)![0] ?? sides.get(wire.wire.to)!.center;
  const last = (wire: PlacedWire) => lanes.get(wire)!.at(-1) ?? sides.get(wire.wire.from)!.center;
  const starts = ports(layout.wires, ({ wire }) => wire.from.id, next);
  const ends = ports(layout.wires, ({ wire }) => wire.to.id, last);
  return new Map(
    layout.wires.map((wire) => {
      const from = sides.get(wire.wire.from)!;
      const to = sides.get(wire.wire.to)!;
      const out = from.low + from.size * starts.get(wire)!;
      const into = to.low + to.size * ends.get(wire)!;
      const places = [
        { along: from.end, across: out },
        { along: from.center.along + halfOf(from, halves), across: out },
        ...lanes.get(wire)!,
        { along: to.center.along - halfOf(to, halves), across: into },
        { along: to.start, across: into },
      ];
      return [wire, curve(places, pointOf)];
    }),
  );
}

interface Sides {
  readonly start: number;
  readonly end: number;
  /** Where the sides that wires use begin, and how long they are. */
  readonly low: number;
  readonly size: number;
  readonly center: Place;
}

function sidesOf({ face, x, y }: PlacedCard, placeOf: (point: Point) => Place): Sides {
  const a = placeOf({ x, y });
  const b = placeOf({ x: x + face.width, y: y + face.height });
  return {
    start: Math.min(a.along, b.along),
    end: Math.max(a.along, b.along),
    low: Math.min(a.across, b.across),
    size: Math.abs(b.across - a.across),
    center: { along: (a.along + b.along) / 2, across: (a.across + b.across) / 2 },
  };
}

/** Half the room of a card's rank: other cards in it may be longer. */
function halfOf({ center }: Sides, halves: ReadonlyMap<number, number>): number {
  return halves.get(Math.round(center.along))!;
}

/** Half the room that the cards of a rank take along the flow, by the rank's middle. */
function halfRanks(cards: readonly Sides[]): ReadonlyMap<number, number> {
  const halves = new Map<number, number>();
  for (const { start, end, center } of cards) {
    const middle = Math.round(center.along);
    halves.set(middle, Math.max(halves.get(middle) ?? 0, (end - start) / 2 + CLEARANCE));
  }
  return halves;
}

/**
 * Where a wire passes a rank it stays in its lane for as long as the rank's cards are. Between ranks it
 * is free, but for its label.
 */
function lanesOf(
  places: readonly Place[],
  halves: ReadonlyMap<number, number>,
  label: Place | undefined,
): Place[] {
  return places.flatMap(({ along, across }) => {
    const half = halves.get(Math.round(along));
    if (half === undefined) {
      const isLabel = label !== undefined && Math.abs(label.along - along) < 1;
      return isLabel ? [{ along, across }] : [];
    }
    return [
      { along: along - half, across },
      { along: along + half, across },
    ];
  });
}

/** Where along a card's side each wire meets it, from 0 to 1: in the order of where they go. */
function ports(
  wires: readonly PlacedWire[],
  cardOf: (wire: PlacedWire) => number,
  goal: (wire: PlacedWire) => Place,
): ReadonlyMap<PlacedWire, number> {
  const places = new Map<PlacedWire, number>();
  const groups = new Map<number, PlacedWire[]>();
  for (const wire of wires) groups.set(cardOf(wire), [...(groups.get(cardOf(wire)) ?? []), wire]);
  for (const group of groups.values()) {
    const ordered = group.toSorted((a, b) => goal(a).across - goal(b).across);
    for (const [i, wire] of ordered.entries()) places.set(wire, (i + 1) / (ordered.length + 1));
  }
  return places;
}

/** Straight where two places lie in one lane, else an S that leaves and arrives along the flow. */
function curve(places: readonly Place[], pointOf: (place: Place) => string): string {
  const parts = [`M${pointOf(places[0]!)}`];
  for (let i = 1; i < places.length; i++) {
    const [a, b] = [places[i - 1]!, places[i]!];
    if (Math.abs(a.across - b.across) < 0.5) {
      parts.push(`L${pointOf(b)}`);
      continue;
    }
    const along = (a.along + b.along) / 2;
    const turns = [
      { along, across: a.across },
      { along, across: b.across },
    ];
    parts.push(`C${turns.map(pointOf).join(" ")} ${pointOf(b)}`);
  }
  return parts.join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
