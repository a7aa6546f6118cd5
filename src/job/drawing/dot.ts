/** @file The picture of a net in Graphviz' language, for those who lay it out themselves. */
import type { CardFace } from "./card.ts";
import type { NetGraph } from "./graph.ts";
import { kindOf } from "./kinds.ts";
import type { Direction } from "./layout.ts";

export function netDot(
  graph: NetGraph,
  faces: readonly CardFace[],
  title: string,
  direction: Direction,
): string {
  const nodes = faces.map(({ card, head, lines, rows }) => {
    const label = [head, ...lines.map(({ text }) => text), ...rows.map(({ text }) => text)];
    const color = kindOf(card.layer.type).color;
    return `  n${card.id} [label=${quoted(label.join("\n"))}, fillcolor="${color}"];`;
  });
  const edges = graph.wires.map(({ from, to, blob }) => {
    const label = from.layer.top.length > 1 ? ` [label=${quoted(blob)}]` : "";
    return `  n${from.id} -> n${to.id}${label};`;
  });
  return [
    `digraph ${quoted(title)} {`,
    `  rankdir=${direction};`,
    '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, fontcolor=white];',
    '  edge [color="#9aa4b2", fontname="Helvetica", fontsize=10];',
    ...nodes,
    ...edges,
    "}",
    "",
  ].join("\n");
}

/** A string of the language; in labels, `\n` ends a line and `\` escapes. */
function quoted(text: string): string {
  const escaped = text
    .replace(/(?!\n)\p{Cc}/gu, "\ufffd")
    .replace(/["\\]/g, "\\$&")
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}
