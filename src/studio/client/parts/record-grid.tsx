/** @file Records of a dataset as pictures, with a filter and pages. */
import { useState } from "preact/hooks";
import type { RecordPage } from "../../api-types.ts";
import { useFetched } from "../lib/use-data.ts";
import { TextField } from "./field.tsx";
import { RecordView } from "./record-view.tsx";

const PAGE_SIZE = 24;

export interface ChosenRecord {
  readonly stage: "train" | "val";
  readonly index: number;
}

interface RecordGridProps {
  readonly dataset: string;
  readonly stages: readonly ("train" | "val")[];
  readonly chosen?: ChosenRecord | undefined;
  readonly onChoose?: (record: ChosenRecord) => void;
  readonly pageSize?: number;
  /** Records that were looked at in large are shown in a dialog. */
  readonly hasDialog?: boolean;
}

export function RecordGrid(props: RecordGridProps) {
  const { dataset, stages, chosen, onChoose, pageSize = PAGE_SIZE, hasDialog } = props;
  const [opened, setOpened] = useState<ChosenRecord>();
  const choose = hasDialog ? setOpened : onChoose;
  const [stage, setStage] = useState(stages[0] ?? "train");
  const [filter, setFilter] = useState("");
  const [offset, setOffset] = useState(0);
  const [outline, setOutline] = useState(true);
  const query = `stage=${stage}&offset=${offset}&limit=${pageSize}&filter=${encodeURIComponent(filter)}`;
  const { value, error } = useFetched<RecordPage>(`/api/datasets/${dataset}/records?${query}`);
  const picture = (index: number) =>
    `/api/datasets/${dataset}/picture?stage=${stage}&index=${index}&show=${outline ? "outline" : "image"}`;
  const neighbour = ({ index }: ChosenRecord, way: 1 | -1): ChosenRecord | undefined => {
    const shown = value?.records ?? [];
    const other = shown[shown.findIndex((record) => record.index === index) + way];
    return other && { stage, index: other.index };
  };
  return (
    <div class="records">
      <div class="toolbar">
        {stages.length > 1 && (
          <fieldset class="segments" aria-label="Records">
            {stages.map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={stage === name}
                onClick={() => {
                  setStage(name);
                  setOffset(0);
                }}
              >
                {name === "train" ? "Training" : "Validation"}
              </button>
            ))}
          </fieldset>
        )}
        <TextField
          label="Filter by case"
          value={filter}
          onChange={(text) => {
            setFilter(text);
            setOffset(0);
          }}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={outline}
            onChange={(event) => setOutline(event.currentTarget.checked)}
          />
          Outlines
        </label>
      </div>
      {error && <p class="error">{error}</p>}
      {value?.total === 0 && <p class="empty">No record matches.</p>}
      <ul class="grid">
        {value?.records.map(({ index, title }) => (
          <li key={index}>
            {choose ? (
              <button
                type="button"
                class="tile"
                aria-pressed={chosen?.stage === stage && chosen.index === index}
                onClick={() => choose({ stage, index })}
              >
                <img src={picture(index)} alt="" loading="lazy" />
                <span>{title}</span>
              </button>
            ) : (
              <figure class="tile">
                <img src={picture(index)} alt={title} loading="lazy" />
                <figcaption>{title}</figcaption>
              </figure>
            )}
          </li>
        ))}
      </ul>
      {opened && (
        <RecordView
          dataset={dataset}
          record={opened}
          previous={neighbour(opened, -1)}
          next={neighbour(opened, 1)}
          onMove={setOpened}
        />
      )}
      {value && value.total > pageSize && (
        <div class="toolbar">
          <button
            type="button"
            disabled={offset === 0}
            onClick={() => setOffset(offset - pageSize)}
          >
            Previous
          </button>
          <span class="soft">
            {offset + 1} to {Math.min(offset + pageSize, value.total)} of {value.total}
          </span>
          <button
            type="button"
            disabled={offset + pageSize >= value.total}
            onClick={() => setOffset(offset + pageSize)}
          >
            Next
          </button>
        </div>
      )}
    </div>
  );
}
