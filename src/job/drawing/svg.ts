/** @file The picture of a net as SVG: one file without scripts, links or fonts of its own. */
import {
  badgeWidth,
  type CardFace,
  HEAD_HEIGHT,
  HEAD_SIZE,
  LINE_HEIGHT,
  LINE_SIZE,
  PADDING,
  ROW_HEIGHT,
  SHAPE_SIZE,
} from "./card.ts";
import { type Kind, kindOf, kinds } from "./kinds.ts";
import { type Layout, LABEL_SIZE, type PlacedCard, type PlacedWire } from "./layout.ts";
import type { CardLine } from "./placed-types.ts";
import { textWidth, xmlText } from "./text.ts";
import { wirePaths } from "./wire-path.ts";

const MARGIN = 28;
const RADIUS = 7;
const BODY_TOP = 8;
const LEGEND_HEIGHT = 22;
const MIN_WIDTH = 460;
const INK = "#1d2430";
const PALE = "#66707f";
const LINE = "#9aa4b2";

const LINE_STYLES: Readonly<Record<CardLine["role"], string>> = {
  type: `fill="${INK}" font-weight="600"`,
  detail: `fill="${INK}"`,
  parameters: `fill="${PALE}"`,
  shape: `fill="${INK}" font-family="Consolas, Menlo, 'DejaVu Sans Mono', monospace" font-size="${SHAPE_SIZE}"`,
  reads: `fill="${PALE}" font-style="italic"`,
};

/**
 * Draws the net: title and legend above, cards and wires below.
 * @param notes lines under the title
 */
export function netSvg(layout: Layout, title: string, notes: readonly string[]): string {
  const used = usedKinds(layout.cards.map(({ face }) => face));
  const inner = Math.max(
    MIN_WIDTH,
    layout.width,
    ...notes.map((note) => textWidth(note, LINE_SIZE)),
  );
  const legend = legendRows(used, inner);
  const top = MARGIN + 22 + notes.length * LINE_HEIGHT + 10 + legend.length * LEGEND_HEIGHT + 14;
  const width = Math.ceil(inner + 2 * MARGIN);
  const height = Math.ceil(top + layout.height + MARGIN);
  const paths = wirePaths(layout);
  const left = MARGIN + (inner - layout.width) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="${LINE_SIZE}">`,
    `<title>${xmlText(title)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">`,
    `<path d="M0 0.5L8 4L0 7.5z" fill="${LINE}"/></marker></defs>\n`,
    `<rect width="${width}" height="${height}" fill="#fbfcfd"/>\n`,
    text(title, MARGIN, MARGIN + 14, `font-size="19" font-weight="700" fill="${INK}"`),
    ...notes.map((note, i) => text(note, MARGIN, MARGIN + 34 + i * LINE_HEIGHT, `fill="${PALE}"`)),
    ...legend.map((row, i) => {
      const y = MARGIN + 32 + notes.length * LINE_HEIGHT + i * LEGEND_HEIGHT;
      return row.map((entry) => legendEntry(entry, y)).join("");
    }),
    `\n<g transform="translate(${round(left)} ${round(top)})">\n`,
    ...layout.wires.map((wire) => drawnWire(wire, paths.get(wire)!)),
    ...layout.cards.map(drawnCard),
    ...layout.wires.map(wireLabel),
    "</g>\n</svg>\n",
  ].join("");
}

function usedKinds(faces: readonly CardFace[]): readonly Kind[] {
  const used = new Set(
    faces.flatMap(({ card, rows }) => [
      kindOf(card.layer.type),
      ...rows.map(({ type }) => kindOf(type)),
    ]),
  );
  return kinds.filter((kind) => used.has(kind));
}

interface LegendEntry {
  readonly kind: Kind;
  readonly x: number;
}

/** The kinds one beside the other, in as many rows as they need. */
function legendRows(used: readonly Kind[], width: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const kind of used) {
    const size = 18 + textWidth(kind.name, LINE_SIZE) + 18;
    if (x + size > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)!.push({ kind, x: MARGIN + x });
    x += size;
  }
  return rows;
}

function legendEntry({ kind, x }: LegendEntry, y: number): string {
  const swatch = `<rect x="${round(x)}" y="${y}" width="12" height="12" rx="3" fill="${kind.color}"/>`;
  return swatch + text(kind.name, x + 18, y + 10, `fill="${INK}"`);
}

function drawnCard({ face, x, y }: PlacedCard): string {
  const { card, head, badge, lines, rows, width, height } = face;
  const { color } = kindOf(card.layer.type);
  const rowsTop = height - rows.length * ROW_HEIGHT;
  const title = [card.layer.name, card.layer.type].filter(Boolean).join(", ");
  return [
    `<g transform="translate(${round(x)} ${round(y)})"><title>${xmlText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="${RADIUS}" fill="#fff" stroke="${color}" stroke-width="1.2"/>`,
    `<path d="${roundedTop(width, HEAD_HEIGHT)}" fill="${color}"/>`,
    text(head, PADDING, 18, `font-size="${HEAD_SIZE}" font-weight="700" fill="#fff"`),
    ...(badge ? [drawnBadge(badge, width)] : []),
    ...lines.map(({ text: line, role }, i) =>
      text(line, PADDING, HEAD_HEIGHT + BODY_TOP + 11.5 + i * LINE_HEIGHT, LINE_STYLES[role]),
    ),
    ...rows.map(({ text: row, type }, i) => {
      const isLast = i === rows.length - 1;
      return drawnRow(row, kindOf(type).color, rowsTop + i * ROW_HEIGHT, width, isLast);
    }),
    "</g>\n",
  ].join("");
}

/** TRAIN or TEST at the right of a card's head. */
function drawnBadge(badge: string, width: number): string {
  const size = badgeWidth(badge);
  const x = round(width - size - 7);
  return (
    `<rect x="${x}" y="6" width="${round(size)}" height="14" rx="7" fill="#fff" fill-opacity="0.25"/>` +
    text(badge, x + size / 2, 16.2, `font-size="9" fill="#fff" text-anchor="middle"`)
  );
}

/** A layer in place, in its own colour at the foot of the card that it works on. */
function drawnRow(row: string, color: string, y: number, width: number, isLast: boolean): string {
  const shape = isLast ? roundedBottom(width, y, ROW_HEIGHT) : `M0 ${y}h${width}v${ROW_HEIGHT}H0z`;
  return (
    `<path d="${shape}" fill="${color}" fill-opacity="0.16"/>` +
    `<rect x="${PADDING - 6}" y="${y + 5}" width="3.5" height="${ROW_HEIGHT - 10}" rx="1.5" fill="${color}"/>` +
    `<path d="M0 ${y}h${width}" stroke="${color}" stroke-opacity="0.45" stroke-width="0.8"/>` +
    text(row, PADDING + 4, y + 14.5, `fill="${INK}"`)
  );
}

function roundedTop(width: number, height: number): string {
  const r = RADIUS;
  return `M0 ${height}V${r}A${r} ${r} 0 0 1 ${r} 0H${width - r}A${r} ${r} 0 0 1 ${width} ${r}V${height}z`;
}

function roundedBottom(width: number, y: number, height: number): string {
  const r = RADIUS;
  const bottom = y + height;
  return `M0 ${y}H${width}V${bottom - r}A${r} ${r} 0 0 1 ${width - r} ${bottom}H${r}A${r} ${r} 0 0 1 0 ${bottom - r}z`;
}

function drawnWire({ wire }: PlacedWire, path: string): string {
  const hint = `<title>${xmlText(wire.blob)}</title>`;
  return `<path d="${path}" fill="none" stroke="${LINE}" stroke-width="1.6" marker-end="url(#arrow)">${hint}</path>\n`;
}

function wireLabel({ label }: PlacedWire): string {
  if (!label) return "";
  const width = textWidth(label.text, LABEL_SIZE) + 6;
  const [x, y] = [round(label.x - width / 2), round(label.y - LABEL_SIZE / 2 - 2)];
  return (
    `<rect x="${x}" y="${y}" width="${round(width)}" height="${LABEL_SIZE + 4}" rx="4" fill="#fbfcfd" fill-opacity="0.9"/>` +
    text(
      label.text,
      label.x,
      label.y + 3.5,
      `font-size="${LABEL_SIZE}" fill="${PALE}" text-anchor="middle"`,
    ) +
    "\n"
  );
}

function text(content: string, x: number, y: number, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes} xml:space="preserve">${xmlText(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
