/** @file Pretrained weights: a snapshot of another model, a file of an allowed folder, or an upload. */
import { useState } from "preact/hooks";
import type { FileRef, JobSummary, ModelDetail } from "../../api-types.ts";
import { short } from "../lib/format.ts";
import { useFetched } from "../lib/use-data.ts";
import { SelectField } from "./field.tsx";
import { FileList } from "./file-list.tsx";
import { FolderField } from "./folder-field.tsx";

interface WeightsFieldProps {
  readonly models: readonly JobSummary[];
  readonly weights: readonly FileRef[];
  readonly onChange: (weights: readonly FileRef[]) => void;
  readonly error: string | undefined;
}

export function WeightsField({ models, weights, onChange, error }: WeightsFieldProps) {
  const [model, setModel] = useState("");
  const detail = useFetched<ModelDetail>(model ? `/api/jobs/${model}` : undefined);
  const snapshots = model && detail.value?.id === model ? detail.value.snapshots : [];
  return (
    <div>
      <FileList
        label="Pretrained weights"
        accept=".caffemodel,.h5"
        hint="Layers of the same name start from these; several files are applied in order."
        files={weights}
        onChange={onChange}
        error={error}
      />
      <FolderField
        label="or a .caffemodel on this machine"
        value=""
        files={/\.(caffemodel|h5)$/}
        onChange={(path) => {
          if (/\.(caffemodel|h5)$/.test(path)) onChange([...weights, { path }]);
        }}
      />
      {models.length > 0 && (
        <div class="columns">
          <SelectField
            label="or from another model"
            value={model}
            onChange={setModel}
            choices={[["", "None"], ...models.map(({ id }): [string, string] => [id, id])]}
          />
          {snapshots.length > 0 && (
            <SelectField
              label="Snapshot"
              value=""
              onChange={(file) => file && onChange([...weights, { job: model, file }])}
              choices={[
                ["", "Choose an epoch"],
                ...snapshots.map(({ iter, epoch }): [string, string] => [
                  `snapshot_iter_${iter}.caffemodel`,
                  `Epoch #${short(epoch)}`,
                ]),
              ]}
            />
          )}
        </div>
      )}
    </div>
  );
}
