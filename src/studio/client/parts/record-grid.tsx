/** @file Records of a dataset as pictures, with a filter and pages. */
import { useState } from "preact/hooks";
import type { RecordPage } from "../../api-types.ts";
import { useFetched } from "../lib/use-data.ts";
import { TextField } from "./field.tsx";

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
}

export function RecordGrid(props: RecordGridProps) {
  const { dataset, stages, chosen, onChoose, pageSize = PAGE_SIZE } = props;
  const [stage, setStage] = useState(stages[0] ?? "train");
  const [filter, setFilter] = useState("");
  const [offset, setOffset] = useState(0);
  const [outline, setOutline] = useState(true);
  const query = `stage=${stage}&offset=${offset}&limit=${pageSize}&filter=${encodeURIComponent(filter)}`;
  const { value, error } = useFetched<RecordPage>(`/api/datasets/${dataset}/records?${query}`);
  const picture = (index: number) =>
    `/api/datasets/${dataset}/picture?stage=${stage}&index=${index}&outline=${outline}`;
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
            {onChoose ? (
              <button
                type="button"
                class="tile"
                aria-pressed={chosen?.stage === stage && chosen.index === index}
                onClick={() => onChoose({ stage, index })}
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
