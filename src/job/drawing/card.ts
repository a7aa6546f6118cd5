/** @file What stands on the card of a layer, and how large the card is. */
import type { LayerParameter, Phase } from "../../schema/index.ts";
import { layerDetails } from "./details.ts";
import type { LayerFacts } from "./facts.ts";
import type { Card } from "./graph.ts";
import type { CardLine } from "./placed-types.ts";
import { monoWidth, shortened, textWidth } from "./text.ts";

export const HEAD_HEIGHT = 26;
export const LINE_HEIGHT = 16;
export const ROW_HEIGHT = 21;
export const PADDING = 12;
export const HEAD_SIZE = 13;
export const LINE_SIZE = 11;
export const SHAPE_SIZE = 10;
const BODY_MARGIN = 8;
const MIN_WIDTH = 110;
const LONGEST = 42;

/** A layer that works in place, a row at the foot of the card. */
export interface CardRow {
  readonly text: string;
  readonly type: string | undefined;
}

export interface CardFace {
  readonly card: Card;
  readonly head: string;
  /** Shown where the layer belongs to one phase of several that are drawn. */
  readonly badge: Phase | undefined;
  readonly lines: readonly CardLine[];
  readonly rows: readonly CardRow[];
  readonly width: number;
  readonly height: number;
}

export interface FaceOptions {
  /** Blobs that come from so far away that no wire is drawn. */
  readonly reads: readonly string[];
  /** Shows the rates of layers that learn. */
  readonly showRates: boolean;
  readonly phases: ReadonlySet<Phase>;
}

export function cardFace(
  card: Card,
  facts: ReadonlyMap<LayerParameter, LayerFacts>,
  { reads, showRates, phases }: FaceOptions,
): CardFace {
  const { layer, inPlace } = card;
  const own = facts.get(layer);
  const head = shortened(layer.name || "(no name)", LONGEST);
  const badge = card.phases.size < phases.size ? [...card.phases][0] : undefined;
  const line = (role: CardLine["role"]) => (text: string) => ({
    text: shortened(text, LONGEST),
    role,
  });
  const lines = [
    line("type")(layer.type || "(no type)"),
    ...layerDetails(layer).map(line("detail")),
    ...(own ? [...parameterLines(own, layer, showRates)].map(line("parameters")) : []),
    ...shapeLines(layer, own).map(line("shape")),
    ...reads.map((blob) => `reads ${blob}`).map(line("reads")),
  ];
  const rows = inPlace.map((layer) => rowOf(layer, facts.get(layer)));
  const widths = [
    textWidth(head, HEAD_SIZE) * 1.1 + (badge ? badgeWidth(badge) + 10 : 0), // bold
    ...lines.map(({ text, role }) => {
      if (role === "shape") return monoWidth(text, SHAPE_SIZE);
      return textWidth(text, LINE_SIZE) * (role === "type" ? 1.1 : 1);
    }),
    ...rows.map(({ text }) => textWidth(text, LINE_SIZE) + 6),
  ];
  return {
    ...{ card, head, badge, lines, rows },
    width: Math.max(MIN_WIDTH, Math.ceil(Math.max(...widths)) + 2 * PADDING),
    height: HEAD_HEIGHT + 2 * BODY_MARGIN + lines.length * LINE_HEIGHT + rows.length * ROW_HEIGHT,
  };
}

export function badgeWidth(badge: string): number {
  return textWidth(badge, 9) + 8;
}

function parameterLines({ parameters }: LayerFacts, layer: LayerParameter, showRates: boolean) {
  if (parameters === 0) return [];
  const rates = layer.param.map(({ lrMult = 1 }) => Number(lrMult.toPrecision(6)));
  const shown = showRates && rates.length > 0 ? `, lr × ${rates.join(", ")}` : "";
  return [`${parameters.toLocaleString("en-US")} parameters${shown}`];
}

/** `1 × 96 × 55 × 55`; with the blob's name where it is not the layer's. */
function shapeLines(layer: LayerParameter, facts: LayerFacts | undefined): string[] {
  return layer.top.flatMap((top, i) => {
    const shape = facts?.topShapes[i];
    if (!shape) return [];
    const sizes = shape.length === 0 ? "one value" : shape.join(" × ");
    return [layer.top.length === 1 && top === layer.name ? sizes : `${top}: ${sizes}`];
  });
}

function rowOf(layer: LayerParameter, facts: LayerFacts | undefined): CardRow {
  const details = layerDetails(layer).join(", ");
  const parameters = facts?.parameters
    ? `, ${facts.parameters.toLocaleString("en-US")} parameters`
    : "";
  const what = `${layer.type ?? ""}${details ? ` ${details}` : ""}${parameters}`;
  return { text: shortened(`${layer.name ?? ""}  ${what}`, LONGEST), type: layer.type };
}
