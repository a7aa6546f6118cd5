/** @file The training curve: losses on the left axis, scores (Dice, accuracy, ...) on the right one. */
import { generalNumber } from "../core/general-number.ts";
import { type MetricPhase, type MetricRecord, isScore } from "./metrics.ts";
import { pngOfSvg } from "./picture.ts";
import { textPath } from "./stroke-font.ts";

const WIDTH = 960;
const HEIGHT = 540;
const box = { left: 70, right: WIDTH - 70, top: 60, bottom: HEIGHT - 60 };
/** More points than this are hard to see and slow to draw. */
const MOST_POINTS = 400;
const TEXT = 10;
const AXIS = "#444";
const GRID = "#e4e4e4";
const colors = [
  "#1f6fb2",
  "#d1495b",
  "#2e933c",
  "#e08e0b",
  "#7a5195",
  "#008b8b",
  "#8c564b",
  "#555555",
];

/** One line of the curve. */
export interface Series {
  readonly name: string;
  readonly phase: MetricPhase;
  /** Whether it belongs to the right axis, 0 to 1. */
  readonly score: boolean;
  readonly points: readonly { readonly epoch: number; readonly value: number }[];
}

/** Sorts metrics into lines, thinned out to what a picture can show. */
export function seriesOf(records: readonly MetricRecord[]): Series[] {
  const keys = new Map<string, { name: string; phase: MetricPhase }>();
  for (const { phase, values } of records) {
    for (const name of Object.keys(values)) keys.set(`${phase}/${name}`, { name, phase });
  }
  return [...keys.values()].map(({ name, phase }) => {
    const points = records.flatMap(({ epoch, phase: of, values }) => {
      const value = values[name];
      return of === phase && value !== null && value !== undefined ? [{ epoch, value }] : [];
    });
    const stride = Math.ceil(points.length / MOST_POINTS);
    return { name, phase, score: isScore(name), points: points.filter((_, i) => i % stride === 0) };
  });
}

/** Draws the training curve, 960 x 540 pixels. */
export async function curvePng(
  records: readonly MetricRecord[],
  title: string,
): Promise<Uint8Array> {
  return pngOfSvg(curveSvg(seriesOf(records), title));
}

/** The training curve as SVG; text is drawn as paths, so no font is needed. */
export function curveSvg(series: readonly Series[], title: string): string {
  const epochs = series.flatMap(({ points }) => points.map(({ epoch }) => epoch));
  const losses = series.filter(({ score }) => !score).flatMap(({ points }) => points);
  const xTicks = ticks(Math.max(1e-9, ...epochs));
  const yTicks = ticks(Math.max(1e-9, ...losses.map(({ value }) => value)));
  const hasScores = series.some(({ score }) => score);
  const scale = { x: xTicks.at(-1)!, loss: yTicks.at(-1)! };
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    ...axes(xTicks, yTicks, hasScores),
    label(title, box.left, 26, "start", 13),
    ...series.map((line) => drawSeries(line, colorOf(line, series), scale)),
    ...legend(series),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${parts.join("")}</svg>`;
}

/** One colour a name; training is drawn pale and thin, validation strong with dots. */
function colorOf({ name }: Series, series: readonly Series[]): string {
  const names = [...new Set(series.map((line) => line.name))];
  return colors[names.indexOf(name) % colors.length]!;
}

/** Round numbers from 0 to the first one that is not below `largest`; about five of them. */
export function ticks(largest: number): number[] {
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10]
    .map((factor) => factor * power)
    .find((size) => size >= rough * 0.999)!;
  const count = Math.max(1, Math.ceil(largest / step - 1e-3));
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(10)));
}

function axes(xTicks: readonly number[], yTicks: readonly number[], hasScores: boolean): string[] {
  const middle = (box.left + box.right) / 2;
  return [
    ...yTicks.flatMap((tick) => {
      const y = between(box.bottom, box.top, tick / yTicks.at(-1)!);
      const grid = line(box.left, y, box.right, y, GRID);
      return [grid, label(short(tick), box.left - 8, y + 4, "end")];
    }),
    ...xTicks.flatMap((tick) => {
      const x = between(box.left, box.right, tick / xTicks.at(-1)!);
      const mark = line(x, box.bottom, x, box.bottom + 5, AXIS);
      return [mark, label(short(tick), x, box.bottom + 22, "middle")];
    }),
    ...(hasScores ? scoreAxis() : []),
    line(box.left, box.top, box.left, box.bottom, AXIS),
    line(box.left, box.bottom, box.right, box.bottom, AXIS),
    label("loss", box.left, box.top - 12, "middle"),
    label("epoch", middle, HEIGHT - 16, "middle"),
  ];
}

/** The right axis, 0 to 1. */
function scoreAxis(): string[] {
  const marks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((tick) => {
    const y = between(box.bottom, box.top, tick);
    const mark = line(box.right, y, box.right + 5, y, AXIS);
    return [mark, label(short(tick), box.right + 10, y + 4)];
  });
  const name = label("score", box.right, box.top - 12, "middle");
  return [...marks, line(box.right, box.top, box.right, box.bottom, AXIS), name];
}

function drawSeries(series: Series, color: string, scale: { x: number; loss: number }): string {
  const points = series.points.map(({ epoch, value }) => {
    const x = between(box.left, box.right, epoch / scale.x);
    const y = between(box.bottom, box.top, value / (series.score ? 1 : scale.loss));
    return [x.toFixed(1), Math.min(box.bottom, Math.max(box.top - 4, y)).toFixed(1)] as const;
  });
  const strong = series.phase === "val";
  const path = `<polyline points="${points.map((p) => p.join(",")).join(" ")}" fill="none" stroke="${color}"`;
  const style = strong ? ' stroke-width="2.5"' : ' stroke-width="1" stroke-opacity="0.45"';
  const dots = strong
    ? points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${color}"/>`)
    : [];
  return `${path}${style}/>${dots.join("")}`;
}

function legend(series: readonly Series[]): string[] {
  const width = Math.min(200, (box.right - box.left) / Math.max(1, series.length));
  return series.flatMap((line, index) => {
    const x = box.left + 40 + (index * (box.right - box.left - 40)) / Math.max(1, series.length);
    const stroke = `stroke="${colorOf(line, series)}"`;
    const style =
      line.phase === "val" ? 'stroke-width="3"' : 'stroke-width="1.5" stroke-opacity="0.6"';
    return [
      `<line x1="${x}" y1="44" x2="${x + 18}" y2="44" ${stroke} ${style}/>`,
      label(`${line.name} (${line.phase})`, x + 24, 48, "start", Math.min(TEXT, width / 14)),
    ];
  });
}

function label(
  text: string,
  x: number,
  y: number,
  anchor: "start" | "middle" | "end" = "start",
  size = TEXT,
): string {
  const path = textPath(text, x, y, size * 0.9, anchor);
  const pen = 'fill="none" stroke="#222" stroke-linecap="round" stroke-linejoin="round"';
  return `<path d="${path}" ${pen} stroke-width="${(size * 0.12).toFixed(2)}"/>`;
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"/>`;
}

function between(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function short(tick: number): string {
  return generalNumber(Number(tick.toPrecision(4)));
}
