/** @file A net laid out to be drawn by others than `netSvg`: cards and wires with their places. */
import type { LayerParameter } from "../../schema/index.ts";
import { HEAD_HEIGHT, HEAD_SIZE, LINE_HEIGHT, PADDING, ROW_HEIGHT, cardFace } from "./card.ts";
import type { LayerFacts } from "./facts.ts";
import { type NetGraph, farLabels } from "./graph.ts";
import { kindOf } from "./kinds.ts";
import { checkDrawable, layOut } from "./layout.ts";
import type { PlacedNet } from "./placed-types.ts";
import { textWidth } from "./text.ts";
import { wirePaths } from "./wire-path.ts";

export type { LayerFacts };

/**
 * Lays a net out from top to bottom.
 * @param headRoom pixels to keep free at the right of each head
 * @throws NetDefinitionError for a net of more layers than can be looked at
 */
export async function placedNet(
  graph: NetGraph,
  facts: ReadonlyMap<LayerParameter, LayerFacts>,
  headRoom: number,
): Promise<PlacedNet<{ readonly layer: LayerParameter }>> {
  checkDrawable(graph);
  const far = farLabels(graph);
  const near = { ...graph, wires: graph.wires.filter((wire) => !far.has(wire)) };
  const faces = near.cards.map((card) => {
    const reads = [...new Set([...far].filter(({ to }) => to === card).map(({ blob }) => blob))];
    const face = cardFace(card, facts, { reads, showRates: false, phases: new Set() });
    const headWidth = textWidth(face.head, HEAD_SIZE) * 1.1 + headRoom + 2 * PADDING;
    return { ...face, width: Math.max(face.width, Math.ceil(headWidth)) };
  });
  const layout = await layOut(near, faces, "TB");
  const paths = wirePaths(layout);
  return {
    ...{ width: layout.width, height: layout.height },
    metrics: { head: HEAD_HEIGHT, line: LINE_HEIGHT, row: ROW_HEIGHT, padding: PADDING },
    layers: layout.cards.map(({ face, x, y }) => ({
      ...{ layer: face.card.layer, x: Math.round(x), y: Math.round(y) },
      ...{ width: face.width, height: face.height, head: face.head, lines: face.lines },
      color: kindOf(face.card.layer.type).color,
      rows: face.rows.map(({ text, type }, i) => ({
        ...{ layer: face.card.inPlace[i]!, text, color: kindOf(type).color },
      })),
    })),
    wires: layout.wires.map((wire) => ({ blob: wire.wire.blob, path: paths.get(wire)! })),
  };
}
