/** @file The curves of a training, live: losses and scores, the learning rate, and what to do with them. */
import { useRef, useState } from "preact/hooks";
import type { MetricRecord } from "../../api-types.ts";
import { chartPng, download } from "../lib/chart-png.ts";
import { csvOf, linesOf, rateLine } from "../lib/curve-lines.ts";
import { Chart } from "./chart.tsx";

interface CurvesProps {
  readonly metrics: readonly MetricRecord[];
  readonly isActive: boolean;
  readonly id: string;
}

export function Curves({ metrics, isActive, id }: CurvesProps) {
  const [look, setLook] = useState(plainLook);
  const box = useRef<HTMLDivElement>(null);
  if (metrics.length === 0) {
    return (
      <p class="empty">
        {isActive ? "The first points come in a moment." : "No points were recorded."}
      </p>
    );
  }
  const savePicture = async () => {
    const picture = box.current && (await chartPng(box.current, id));
    if (picture) download(picture, `${id}.png`);
  };
  const saveTable = () => download(new Blob([csvOf(metrics)], { type: "text/csv" }), `${id}.csv`);
  return (
    <section class="curves" aria-label="Training curves">
      <div ref={box}>
        <Chart lines={linesOf(metrics)} {...look} label={`Curves of ${id}`} />
      </div>
      <div class="toolbar">
        <CurveLook look={look} onChange={setLook} />
        <button type="button" onClick={saveTable}>
          CSV
        </button>
        <button type="button" onClick={() => void savePicture()}>
          PNG
        </button>
        <span class="soft">Drag to zoom, double-click to go back.</span>
      </div>
      <details>
        <summary>Learning rate</summary>
        <Chart
          lines={[rateLine(metrics)]}
          isLog={look.isLog}
          smoothing={0}
          axis="learning rate"
          height={180}
          label={`Learning rate of ${id}`}
        />
      </details>
    </section>
  );
}

export interface Look {
  readonly isLog: boolean;
  readonly smoothing: number;
}

export const plainLook: Look = { isLog: false, smoothing: 0 };

/** How curves are shown. */
export function CurveLook({ look, onChange }: { look: Look; onChange: (look: Look) => void }) {
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={look.isLog}
          onChange={(event) => onChange({ ...look, isLog: event.currentTarget.checked })}
        />
        Log scale
      </label>
      <label class="slider">
        <span>
          Smoothing <span>{look.smoothing}</span>
        </span>
        <input
          type="range"
          min={0}
          max={0.95}
          step={0.05}
          value={look.smoothing}
          onInput={(event) => onChange({ ...look, smoothing: Number(event.currentTarget.value) })}
        />
      </label>
    </>
  );
}
