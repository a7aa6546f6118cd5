/** @file Curves over epochs, drawn by uPlot: losses on the left axis, scores on the right one. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { MetricRecord } from "../../api-types.ts";
import { isScore } from "../../../job/metric-values.ts";
import { short } from "../lib/format.ts";

const COLORS = ["#2f7fc4", "#d1495b", "#3a9a4b", "#d98a12", "#8a63b0", "#14938f", "#a2664f"];
const HEIGHT = 340;

export interface Line {
  readonly name: string;
  /** Lines of one key have one colour. */
  readonly key: string;
  readonly isPale: boolean;
  readonly isScore: boolean;
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

/** One line an output and phase; training is pale, validation strong. */
export function linesOf(metrics: readonly MetricRecord[], prefix = ""): Line[] {
  const lines = new Map<string, Line & { points: [number, number][] }>();
  for (const { phase, epoch, values } of metrics) {
    for (const [output, value] of Object.entries(values)) {
      if (value === null) continue;
      const name = `${prefix}${output} (${phase})`;
      const line = lines.get(name) ?? {
        ...{ name, key: prefix + output, isPale: phase === "train", isScore: isScore(output) },
        points: [],
      };
      line.points.push([epoch, value]);
      lines.set(name, line);
    }
  }
  return [...lines.values()].sort((a, b) => a.name.localeCompare(b.name));
}

interface ChartProps {
  readonly lines: readonly Line[];
  readonly isLog: boolean;
  /** Weight of the past in an exponential mean, 0 to 0.99. */
  readonly smoothing: number;
  readonly label: string;
}

export function Chart({ lines, isLog, smoothing, label }: ChartProps) {
  const box = useRef<HTMLElement>(null);
  const plot = useRef<uPlot>(null);
  const shape = `${isLog} ${lines.map(({ name }) => name).join()}`;
  const data = alignedData(lines, smoothing);
  // The data goes in below; a new plot is made only for new lines.
  useEffect(() => {
    if (!box.current || lines.length === 0) return;
    const made = new uPlot(optionsOf(lines, isLog, box.current.clientWidth), data, box.current);
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: entry.contentRect.width, height: HEIGHT });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data));
  return <figure ref={box} class="chart" aria-label={label} />;
}

/** uPlot wants one row of epochs and a value, or a gap, of each line at each of them. */
function alignedData(lines: readonly Line[], smoothing: number): uPlot.AlignedData {
  const epochs = [...new Set(lines.flatMap(({ points }) => points.map(([epoch]) => epoch)))].sort(
    (a, b) => a - b,
  );
  const place = new Map(epochs.map((epoch, index) => [epoch, index]));
  const rows = lines.map(({ points }) => {
    const row: (number | null | undefined)[] = new Array(epochs.length).fill(undefined);
    let mean = points[0]?.[1] ?? 0;
    for (const [epoch, value] of points) {
      mean = smoothing * mean + (1 - smoothing) * value;
      row[place.get(epoch)!] = mean;
    }
    return row;
  });
  return [epochs, ...rows];
}

function optionsOf(lines: readonly Line[], isLog: boolean, width: number): uPlot.Options {
  const keys = [...new Set(lines.map(({ key }) => key))];
  const style = getComputedStyle(document.documentElement);
  const [ink, grid] = [style.getPropertyValue("--soft"), style.getPropertyValue("--edge")];
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const number = (_: uPlot, values: number[]) =>
    values.map((value) => (value === null ? "" : short(value)));
  return {
    ...{ width, height: HEIGHT },
    scales: {
      x: { time: false },
      loss: isLog ? { distr: 3 } : { range: (_, low, high) => [Math.min(0, low), high || 1] },
      score: { range: [0, 1] },
    },
    axes: [
      { ...axis, label: "epoch", labelSize: 20 },
      { ...axis, scale: "loss", label: "loss", labelSize: 20, values: number },
      ...(lines.some((line) => line.isScore)
        ? [
            {
              ...axis,
              scale: "score",
              side: 1 as const,
              grid: { show: false },
              label: "score",
              labelSize: 20,
            },
          ]
        : []),
    ],
    series: [
      { label: "epoch", value: (_, value) => (value === null ? "" : value.toFixed(2)) },
      ...lines.map(
        (line): uPlot.Series => ({
          label: line.name,
          scale: line.isScore ? "score" : "loss",
          stroke: COLORS[keys.indexOf(line.key) % COLORS.length] + (line.isPale ? "80" : ""),
          width: line.isPale ? 1.5 : 2.5,
          spanGaps: true,
          points: { show: !line.isPale && line.points.length < 60, size: 5 },
          value: (_, value) => (value === null || value === undefined ? "" : short(value)),
        }),
      ),
    ],
    cursor: { drag: { x: true, y: false } },
  };
}
