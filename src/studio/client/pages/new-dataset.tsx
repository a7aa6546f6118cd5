/** @file The forms that make datasets, with DIGITS' fields. */
import { useEffect, useState } from "preact/hooks";
import type { DatasetDetail, DatasetKind, JobSummary } from "../../api-types.ts";
import type { DatasetPreview } from "../../dataset-types.ts";
import { type FieldErrors, errorsOf, get, post } from "../lib/api.ts";
import {
  type DatasetDraft,
  datasetDraftOf,
  datasetFormOf,
  datasetSourcesOf,
  emptyDataset,
  isReady,
  previewText,
  withKind,
} from "../lib/dataset-draft.ts";
import { go } from "../lib/router.ts";
import { LabelFields, RecordFields } from "../parts/dataset-options.tsx";
import { DatasetSourceFields, SplitFields } from "../parts/dataset-sources.tsx";
import { FormErrors, TextField, errorFor } from "../parts/field.tsx";

const KINDS: readonly (readonly [DatasetKind, string, string])[] = [
  [
    "phantom",
    "Phantom",
    "Synthetic heart slices with contours. Nothing to download; ready in seconds.",
  ],
  [
    "sunnybrook",
    "Sunnybrook LV segmentation",
    "DICOM slices and expert contours of the challenge.",
  ],
  ["images", "Segmentation", "A folder of images and one of label images with the same names."],
];
const FIELDS = Object.keys(emptyDataset);
/** How long the form must rest before the folders are looked through. */
const REST_MS = 500;

export function NewDatasetPage({ clone }: { clone: string | undefined }) {
  const [draft, setDraft] = useState<DatasetDraft>(emptyDataset);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (clone === undefined) return;
    get<DatasetDetail>(`/api/jobs/${clone}`).then(
      ({ form }) => form && setDraft(datasetDraftOf(form)),
      (error: unknown) => setErrors(errorsOf(error)),
    );
  }, [clone]);
  const { preview, problems } = usePreview(draft);
  const set = (change: Partial<DatasetDraft>) => {
    setDraft((last) => ({ ...last, ...change }));
    // What is being changed is no longer wrong.
    setErrors((last) =>
      Object.fromEntries(
        Object.entries(last).filter(([field]) => field !== "" && !(field in change)),
      ),
    );
  };
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { id } = await post<JobSummary>("/api/datasets", datasetFormOf(draft));
      go(`/datasets/${id}`);
    } catch (error) {
      setErrors(errorsOf(error));
      setBusy(false);
    }
  };
  const fields = { draft, set, errors: { ...problems, ...errors } };
  return (
    <form class="narrow" onSubmit={create} noValidate>
      <h1>{clone ? `New dataset, from ${clone}` : "New dataset"}</h1>
      <Kinds kind={draft.kind} onChange={(kind) => setDraft(withKind(draft, kind))} />
      <FormErrors errors={fields.errors} fields={FIELDS} />
      <DatasetSourceFields {...fields} />
      <SplitFields {...fields} />
      <Preview preview={preview} />
      <RecordFields {...fields} />
      <LabelFields {...fields} />
      <TextField
        label="Dataset name"
        value={draft.name}
        onChange={(name) => set({ name })}
        error={errorFor(errors, "name")}
        hint="Letters, digits, dots and dashes; the folder of the dataset gets this name."
      />
      <button type="submit" class="primary" disabled={isBusy}>
        Create
      </button>
      <p class="hint">
        Records are written to an LMDB, one shape for all. DIGITS' encoder batch size and threads
        need no setting here.
      </p>
    </form>
  );
}

function Kinds({ kind, onChange }: { kind: DatasetKind; onChange: (kind: DatasetKind) => void }) {
  return (
    <fieldset class="kinds">
      <legend>What is it made from?</legend>
      {KINDS.map(([value, title, text]) => (
        <label key={value} class="kind">
          <input
            type="radio"
            name="kind"
            checked={kind === value}
            onChange={() => onChange(value)}
          />
          <span>
            <strong>{title}</strong>
            <span class="soft">{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Preview({ preview }: { preview: DatasetPreview | undefined }) {
  if (!preview) return null;
  const { text, warning } = previewText(preview);
  return (
    <div class="banner note" role="status">
      <p>{text}</p>
      {warning && <p>{warning}</p>}
      {preview.leftOut.map((reason) => (
        <p key={reason} class="hint">
          {reason}
        </p>
      ))}
    </div>
  );
}

/** What the form would make, looked for while it is filled in. */
function usePreview(draft: DatasetDraft) {
  const [found, setFound] = useState<{ preview?: DatasetPreview; problems: FieldErrors }>({
    problems: {},
  });
  const sources = isReady(draft) ? JSON.stringify(datasetSourcesOf(draft)) : undefined;
  useEffect(() => {
    setFound({ problems: {} });
    if (sources === undefined) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      post<DatasetPreview>("/api/datasets/check", JSON.parse(sources)).then(
        (preview) => isCurrent && setFound({ preview, problems: {} }),
        (error: unknown) => isCurrent && setFound({ problems: errorsOf(error) }),
      );
    }, REST_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [sources]);
  return { preview: found.preview, problems: found.problems };
}
