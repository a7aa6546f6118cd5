/** @file One record, large: with outlines, its classes, or as it is, and what is known of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { RecordDetail } from "../../dataset-types.ts";
import { grouped, short } from "../lib/format.ts";
import { shareText } from "../lib/share-text.ts";
import { useFetched } from "../lib/use-data.ts";
import type { ChosenRecord } from "./record-grid.tsx";

const SHOWS = [
  ["outline", "Outlines"],
  ["image", "Image"],
  ["mask", "Classes"],
] as const;

interface RecordViewProps {
  readonly dataset: string;
  readonly record: ChosenRecord;
  /** The records before and after it, in the order of the page. */
  readonly previous: ChosenRecord | undefined;
  readonly next: ChosenRecord | undefined;
  readonly onMove: (record: ChosenRecord | undefined) => void;
}

export function RecordView({ dataset, record, previous, next, onMove }: RecordViewProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [show, setShow] = useState<(typeof SHOWS)[number][0]>("outline");
  useEffect(() => dialog.current?.showModal(), []);
  const query = `stage=${record.stage}&index=${record.index}`;
  const { value, error } = useFetched<RecordDetail>(`/api/datasets/${dataset}/record?${query}`);
  const scale = Math.max(1, Math.min(3, Math.round(700 / (value?.shape[2] ?? 256))));
  return (
    <dialog
      ref={dialog}
      class="record-view"
      aria-label={value?.title ?? "Record"}
      onClose={() => onMove(undefined)}
      onKeyDown={({ key }) => {
        if (key === "ArrowLeft" && previous) onMove(previous);
        if (key === "ArrowRight" && next) onMove(next);
      }}
    >
      <div class="title">
        <h2>{value?.title}</h2>
        <div class="actions">
          <button type="button" disabled={!previous} onClick={() => onMove(previous)}>
            Previous
          </button>
          <button type="button" disabled={!next} onClick={() => onMove(next)}>
            Next
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </div>
      {error && <p class="error">{error}</p>}
      <div class="record-body">
        <div>
          <img
            src={`/api/datasets/${dataset}/picture?${query}&show=${show}&scale=${scale}`}
            alt={value?.title ?? ""}
          />
          <fieldset class="segments" aria-label="What is shown">
            {SHOWS.map(([name, text]) => (
              <button
                key={name}
                type="button"
                aria-pressed={show === name}
                onClick={() => setShow(name)}
              >
                {text}
              </button>
            ))}
          </fieldset>
        </div>
        {value && <Facts detail={value} record={record} />}
      </div>
    </dialog>
  );
}

/** What facts are called, where they have a better name than in `dataset.json`. */
const NAMES: Readonly<Record<string, string>> = {
  case: "Case",
  instance: "Slice",
  name: "Name",
  image: "Image",
  label: "Label",
  contour: "Contour",
};

function factRows({ rowMm, columnMm, ...facts }: RecordDetail["facts"]) {
  const rows = Object.entries(facts).map(
    ([name, value]) => [NAMES[name] ?? name, `${value}`] as const,
  );
  if (rowMm === undefined) return rows;
  return [...rows, ["Pixel", `${short(Number(columnMm))} × ${short(Number(rowMm))} mm`] as const];
}

function Facts({ detail, record }: { detail: RecordDetail; record: ChosenRecord }) {
  const { facts, shape, min, max, mean, window, classes } = detail;
  const rows: readonly (readonly [string, string])[] = [
    ["Record", `${record.index} of ${record.stage}_db`],
    ...factRows(facts),
    ["Shape", shape.join(" × ")],
    ["Values", `${short(min)} to ${short(max)}, mean ${short(mean)}`],
    ["Shown", `${short(window.low)} black, ${short(window.high)} white`],
    ...classes.map(
      ({ name, pixels, share }) => [name, `${grouped(pixels)} px, ${shareText(share)}`] as const,
    ),
  ];
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
