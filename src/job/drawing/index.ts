/** @file Draws a net as a graph of its layers. */
import type { NetParameter } from "../../schema/index.ts";
import { cardFace } from "./card.ts";
import { netDot } from "./dot.ts";
import { netFacts } from "./facts.ts";
import { type Card, type DrawnPhase, farLabels, netGraph } from "./graph.ts";
import { type Direction, checkDrawable, layOut } from "./layout.ts";
import { netSvg } from "./svg.ts";

export { DIRECTIONS, type Direction } from "./layout.ts";
export type { DrawnPhase } from "./graph.ts";

export interface DrawingOptions {
  readonly phase: DrawnPhase;
  readonly level?: number;
  readonly stages?: readonly string[];
  readonly direction: Direction;
  /** Shows the rates of layers that learn. */
  readonly showRates: boolean;
  readonly form: "svg" | "dot";
  /** Where custom layers are looked for, and what paths are relative to. */
  readonly layers?: readonly string[];
  readonly root?: string;
  /** Shape of an image, (C, H, W), where a data layer would tell. */
  readonly imageShape?: readonly number[];
}

export interface Drawing {
  readonly text: string;
  /** Layers that were drawn. */
  readonly layers: number;
  /** Why there are no shapes, where there are none. */
  readonly problems: readonly string[];
}

/**
 * Draws the layers of a net and the blobs between them. Shapes and numbers of parameters are there where
 * the net can be built; its datasets need not be.
 * @throws CaffeError for a net with contradictory rules, or too many layers
 */
export async function drawNet(net: NetParameter, options: DrawingOptions): Promise<Drawing> {
  const whole = netGraph(net, options.phase, options);
  if (options.form === "svg") checkDrawable(whole);
  const far = farLabels(whole);
  const graph = { ...whole, wires: whole.wires.filter((wire) => !far.has(wire)) };
  const readsOf = (card: Card) =>
    new Set([...far].filter(({ to }) => to === card).map(({ blob }) => blob));
  const facts = await netFacts(net, graph.states, options);
  const phases = new Set(graph.states.map(({ phase }) => phase));
  const faces = graph.cards.map((card) =>
    cardFace(card, facts.layers, { ...options, phases, reads: [...readsOf(card)] }),
  );
  const title = net.name || "net without a name";
  const layers = graph.cards.reduce((sum, { inPlace }) => sum + 1 + inPlace.length, 0);
  const parameters = [...facts.layers.values()].reduce((sum, fact) => sum + fact.parameters, 0);
  const notes = [
    [
      options.phase === "ALL" ? "all phases" : `phase ${options.phase}`,
      `${layers} layers`,
      ...(parameters > 0 ? [`${parameters.toLocaleString("en-US")} parameters`] : []),
    ].join("  ·  "),
  ];
  const problems = facts.layers.size > 0 ? [] : facts.problems;
  if (options.form === "dot") {
    return { text: netDot(graph, faces, title, options.direction), layers, problems };
  }
  const layout = await layOut(graph, faces, options.direction);
  return { text: netSvg(layout, title, notes), layers, problems };
}
