/** @file The network as a graph: what is trained, validated and deployed, laid over each other. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { DrawnLayer, DrawnNet } from "../../api-types.ts";

const MARKS = [
  ["train", "T"],
  ["val", "V"],
  ["deploy", "D"],
] as const;
const MARGIN = 16;
const ZOOMS = [0.35, 0.5, 0.7, 0.85, 1, 1.3, 1.7];

interface NetGraphProps {
  readonly net: DrawnNet;
  /** Called with the line of a layer that was chosen. */
  readonly onChoose: (line: number) => void;
}

export function NetGraph({ net, onChoose }: NetGraphProps) {
  const [zoom, setZoom] = useState(3);
  const width = net.width + 2 * MARGIN;
  const height = net.height + 2 * MARGIN;
  const scale = ZOOMS[zoom]!;
  const canvas = useRef<HTMLElement>(null);
  // The trunk of a net stands in the middle.
  useLayoutEffect(() => {
    const box = canvas.current;
    if (box) box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
  }, [width, scale]);
  return (
    <div class="graph">
      <div class="toolbar">
        <span class="soft">T in training, V in validation, D in deployment</span>
        <span class="zoom">
          <button
            type="button"
            aria-label="Smaller"
            disabled={zoom === 0}
            onClick={() => setZoom(zoom - 1)}
          >
            −
          </button>
          <button
            type="button"
            aria-label="Larger"
            disabled={zoom === ZOOMS.length - 1}
            onClick={() => setZoom(zoom + 1)}
          >
            +
          </button>
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section ref={canvas} class="canvas" tabIndex={0} aria-label="Graph of the network">
        <svg
          width={width * scale}
          height={height * scale}
          viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}
          role="presentation"
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7.5"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path class="tip" d="M0 0.5L8 4L0 7.5z" />
            </marker>
          </defs>
          {net.wires.map(({ path, blob }) => (
            <path key={path} class="wire" d={path} marker-end="url(#arrow)">
              <title>{blob}</title>
            </path>
          ))}
          {net.layers.map((layer) => (
            <Card
              key={`${layer.name} ${layer.states.join()}`}
              layer={layer}
              metrics={net.metrics}
              onChoose={onChoose}
            />
          ))}
        </svg>
      </section>
    </div>
  );
}

interface CardProps {
  readonly layer: DrawnLayer;
  readonly metrics: DrawnNet["metrics"];
  readonly onChoose: (line: number) => void;
}

function Card({ layer, metrics, onChoose }: CardProps) {
  const { x, y, width, height, head, color, lines, rows } = layer;
  const rowsTop = height - rows.length * metrics.row;
  const isWrong = layer.isWrong || rows.some((row) => row.isWrong);
  const choose = (line: number | undefined) => () => line !== undefined && onChoose(line);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table of layers does the same by keyboard
    <g
      class={`layer${isWrong ? " wrong" : ""}${layer.line === undefined ? "" : " known"}`}
      transform={`translate(${x} ${y})`}
      onClick={choose(layer.line)}
    >
      <title>{`${layer.name}, ${layer.type}: in ${layer.states.join(", ")}`}</title>
      <rect class="face" width={width} height={height} rx="7" stroke={color} />
      <path d={top(width, metrics.head)} fill={color} />
      <text class="head" x={metrics.padding} y="18">
        {head}
      </text>
      {MARKS.map(([state, mark], i) => (
        <text
          key={state}
          class={`mark${layer.states.includes(state) ? "" : " off"}`}
          x={width - 40 + i * 13}
          y="17"
        >
          {mark}
        </text>
      ))}
      {lines.map(({ text, role }, i) => (
        <text
          key={role + text}
          class={role}
          x={metrics.padding}
          y={metrics.head + 19.5 + i * metrics.line}
        >
          {text}
        </text>
      ))}
      {rows.map((row, i) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table of layers does the same by keyboard
        <g
          key={row.name}
          transform={`translate(0 ${rowsTop + i * metrics.row})`}
          onClick={(event) => {
            event.stopPropagation();
            choose(row.line)();
          }}
        >
          <title>{`${row.name}, ${row.type}: in ${row.states.join(", ")}`}</title>
          <rect width={width} height={metrics.row} fill={color} fill-opacity="0.1" />
          <rect
            x={metrics.padding - 6}
            y="5"
            width="3.5"
            height={metrics.row - 10}
            rx="1.5"
            fill={row.color}
          />
          <text x={metrics.padding + 4} y="14.5">
            {row.text}
          </text>
        </g>
      ))}
    </g>
  );
}

/** The head of a card, its upper corners rounded. */
function top(width: number, height: number): string {
  return `M0 ${height}V7A7 7 0 0 1 7 0H${width - 7}A7 7 0 0 1 ${width} 7V${height}z`;
}
