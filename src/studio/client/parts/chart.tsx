/** @file Curves over epochs, drawn by uPlot: losses on the left axis, scores on the right one. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Line, alignedRows } from "../lib/curve-lines.ts";
import { short } from "../lib/format.ts";

const COLORS = ["#2f7fc4", "#d1495b", "#3a9a4b", "#d98a12", "#8a63b0", "#14938f", "#a2664f"];

interface ChartProps {
  readonly lines: readonly Line[];
  readonly isLog: boolean;
  /** Weight of the past in an exponential mean, 0 to 0.99. */
  readonly smoothing: number;
  readonly label: string;
  /** What stands at the left axis. */
  readonly axis?: string;
  readonly height?: number;
}

export function Chart({ lines, isLog, smoothing, label, axis = "loss", height = 340 }: ChartProps) {
  const box = useRef<HTMLElement>(null);
  const plot = useRef<uPlot>(null);
  const shape = `${isLog} ${height} ${lines.map(({ name }) => name).join()}`;
  const data = alignedRows(lines, smoothing, isLog);
  // The data goes in below; a new plot is made only for new lines.
  useEffect(() => {
    if (!box.current || lines.length === 0) return;
    const options = optionsOf(lines, { isLog, axis, height, width: box.current.clientWidth });
    const made = new uPlot(options, data, box.current);
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: entry.contentRect.width, height });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    if (plot.current) showData(plot.current, data);
  });
  return <figure ref={box} class="chart" aria-label={label} />;
}

/** New points of a running training do not end a zoom. */
function showData(plot: uPlot, data: uPlot.AlignedData): void {
  const [epochs] = plot.data;
  const { min, max } = plot.scales.x ?? {};
  const [first, last] = [epochs[0], epochs.at(-1)];
  const known = [min, max, first, last].every((value) => typeof value === "number");
  const isZoomed = known && (min! > first! || max! < last!);
  plot.setData(data, !isZoomed);
  if (isZoomed) plot.setScale("x", { min: min!, max: max! });
}

interface Look {
  readonly isLog: boolean;
  readonly axis: string;
  readonly height: number;
  readonly width: number;
}

function optionsOf(lines: readonly Line[], { isLog, axis: left, ...size }: Look): uPlot.Options {
  const keys = [...new Set(lines.map(({ key }) => key))];
  const style = getComputedStyle(document.documentElement);
  const [ink, grid] = [style.getPropertyValue("--soft"), style.getPropertyValue("--edge")];
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const number = (_: uPlot, values: number[]) =>
    values.map((value) => (value === null ? "" : short(value)));
  const score = { ...axis, scale: "score", side: 1 as const, grid: { show: false } };
  return {
    ...size,
    scales: {
      x: { time: false },
      left: isLog ? { distr: 3 } : { range: (_, low, high) => [Math.min(0, low), high || 1] },
      score: { range: [0, 1] },
    },
    axes: [
      { ...axis, label: "epoch", labelSize: 20 },
      ...(lines.every((line) => line.isScore)
        ? []
        : [{ ...axis, scale: "left", label: left, labelSize: 20, size: 76, values: number }]),
      ...(lines.some((line) => line.isScore) ? [{ ...score, label: "score", labelSize: 20 }] : []),
    ],
    series: [
      { label: "epoch", value: (_, value) => (value === null ? "" : value.toFixed(2)) },
      ...lines.map(
        (line): uPlot.Series => ({
          label: line.name,
          scale: line.isScore ? "score" : "left",
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
