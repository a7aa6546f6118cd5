/** @file The model form: dataset, network, settings, custom layers and pretrained weights. */
import { useEffect, useState } from "preact/hooks";
import type { JobSummary, ModelDetail, StudioInfo } from "../../api-types.ts";
import { type FieldErrors, errorsOf, get, post } from "../lib/api.ts";
import { type ModelDraft, draftOf, emptyDraft, formOf } from "../lib/model-draft.ts";
import { go } from "../lib/router.ts";
import { useFetched } from "../lib/use-data.ts";
import { AugmentationFields } from "../parts/augmentation-fields.tsx";
import { FormErrors, SelectField, TextField, errorFor } from "../parts/field.tsx";
import { FileList } from "../parts/file-list.tsx";
import { NetworkSection } from "../parts/network-section.tsx";
import { SolverFields } from "../parts/solver-fields.tsx";
import { WeightsField } from "../parts/weights-field.tsx";

/** Errors of these are shown where the field is. */
const FIELDS = [
  ...["name", "dataset", "layers", "weights", "epochs", "snapshotInterval", "valInterval"],
  ...["learningRates", "batchSizes", "valBatchSize", "iterSize", "rmsDecay", "cropSize", "seed"],
  "augmentation",
];

interface NewModelProps {
  readonly clone: string | undefined;
  readonly dataset: string | undefined;
}

export function NewModelPage({ clone, dataset }: NewModelProps) {
  const jobs = useFetched<JobSummary[]>("/api/jobs");
  const info = useFetched<StudioInfo>("/api/info");
  const [draft, setDraft] = useState<ModelDraft>({ ...emptyDraft, dataset: dataset ?? "" });
  const [errors, setErrors] = useState<FieldErrors>({});
  const [isBusy, setBusy] = useState(false);
  const set = (change: Partial<ModelDraft>) => setDraft((last) => ({ ...last, ...change }));
  useEffect(() => {
    if (clone === undefined) return;
    readClone(clone).then(setDraft, (error: unknown) => setErrors(errorsOf(error)));
  }, [clone]);
  const datasets = (jobs.value ?? []).filter(
    (job) => job.kind === "dataset" && job.status === "done",
  );
  const first = datasets[0]?.id;
  useEffect(() => {
    if (first !== undefined)
      setDraft((last) => (last.dataset ? last : { ...last, dataset: first }));
  }, [first]);
  if (jobs.value && datasets.length === 0) {
    return (
      <p class="empty">
        A model learns from a dataset, and there is none yet.{" "}
        <a href="/new-dataset">Make one first.</a>
      </p>
    );
  }
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await post<{ jobs: string[] }>("/api/models", formOf(draft));
      go(made.jobs.length === 1 ? `/models/${made.jobs[0]}` : "/");
    } catch (error) {
      setErrors(errorsOf(error));
      setBusy(false);
      window.scrollTo(0, 0);
    }
  };
  return (
    <form onSubmit={create} noValidate>
      <h1>{clone ? `New model, from ${clone}` : "New model"}</h1>
      <FormErrors errors={errors} fields={FIELDS} />
      <SelectField
        label="Dataset"
        value={draft.dataset}
        onChange={(value) => set({ dataset: value })}
        choices={datasets.map(({ id, shape }): [string, string] => [
          id,
          `${id} (${shape?.join(" × ")})`,
        ])}
        error={errorFor(errors, "dataset")}
      />
      <NetworkSection draft={draft} set={set} />
      <div class="columns">
        <FileList
          label="Custom layers"
          accept=".ts,.js,.mjs"
          hint={`The .ts or .js files of layers of type Python. ${
            info.value?.trustedLayers
              ? "This studio trusts them: they run unfenced."
              : "They run fenced, in a process of their own."
          }`}
          files={draft.layers}
          onChange={(layers) => set({ layers })}
          error={errorFor(errors, "layers")}
        />
        <WeightsField
          models={(jobs.value ?? []).filter(({ kind }) => kind === "model")}
          weights={draft.weights}
          onChange={(weights) => set({ weights })}
          error={errorFor(errors, "weights")}
        />
      </div>
      <SolverFields draft={draft} set={set} errors={errors} />
      <AugmentationFields draft={draft} set={set} errors={errors} />
      <TextField
        label="Model name"
        value={draft.name}
        onChange={(name) => set({ name })}
        error={errorFor(errors, "name")}
        hint="Letters, digits, dots and dashes; the folder of the model gets this name."
      />
      <button type="submit" class="primary" disabled={isBusy}>
        Create
      </button>
    </form>
  );
}

async function readClone(id: string): Promise<ModelDraft> {
  const [model, network] = await Promise.all([
    get<ModelDetail>(`/api/jobs/${id}`),
    fetch(`/api/jobs/${id}/files/original.prototxt`).then((reply) => reply.text()),
  ]);
  return draftOf(model, network);
}
