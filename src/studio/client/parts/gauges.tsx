/** @file What a training takes of the machine, while it runs. */
import { useEffect, useState } from "preact/hooks";
import type { Gauges as GaugeValues } from "../../api-types.ts";
import { get } from "../lib/api.ts";
import { bytes } from "../lib/format.ts";

const EVERY_MS = 2000;

export function Gauges({ id }: { id: string }) {
  const [values, setValues] = useState<GaugeValues>();
  useEffect(() => {
    const look = () =>
      get<GaugeValues>(`/api/jobs/${id}/gauges`).then(setValues, () => setValues(undefined));
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, [id]);
  if (!values) return null;
  const { cores, coreCount, memory, memoryFree, memoryTotal, gpu } = values;
  return (
    <div class="gauges">
      {cores !== undefined && (
        <Gauge
          label="Processor"
          share={cores / coreCount}
          text={`${cores.toFixed(1)} of ${coreCount} cores`}
        />
      )}
      <Gauge
        label="Memory"
        share={memory / memoryTotal}
        text={`${bytes(memory)} of ${bytes(memoryTotal)}, ${bytes(memoryFree)} free`}
      />
      {gpu && (
        <>
          <Gauge
            label="GPU"
            share={gpu.use}
            text={`${Math.round(gpu.use * 100)} %, ${gpu.celsius} °C`}
          />
          <Gauge
            label="GPU memory"
            share={gpu.memory / gpu.memoryTotal}
            text={`${bytes(gpu.memory)} of ${bytes(gpu.memoryTotal)}`}
          />
        </>
      )}
    </div>
  );
}

function Gauge({ label, share, text }: { label: string; share: number; text: string }) {
  return (
    <div class="gauge">
      <span>{label}</span>
      <span class="soft">{text}</span>
      <meter min={0} max={1} value={Math.min(1, share)} aria-label={`${label}: ${text}`} />
    </div>
  );
}
