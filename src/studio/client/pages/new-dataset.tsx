/** @file The forms that make datasets, with DIGITS' fields. */
import { useEffect, useState } from "preact/hooks";
import type { DatasetDetail, DatasetForm, DatasetKind, JobSummary } from "../../api-types.ts";
import { type FieldErrors, errorsOf, get, post } from "../lib/api.ts";
import { go } from "../lib/router.ts";
import { FormErrors, SelectField, TextField, errorFor } from "../parts/field.tsx";
import { FolderField } from "../parts/folder-field.tsx";

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
const FIELDS = [
  "name",
  "images",
  "contours",
  "labels",
  "valPercent",
  "seed",
  "channels",
  "patients",
];

interface Draft {
  readonly kind: DatasetKind;
  readonly name: string;
  readonly images: string;
  readonly contours: string;
  readonly labels: string;
  readonly channels: "none" | "L" | "RGB";
  readonly encoding: "none" | "png";
  readonly valPercent: string;
  readonly split: "slice" | "patient";
  readonly seed: string;
  readonly patients: string;
}

const EMPTY: Draft = {
  ...{ kind: "phantom", name: "phantom", images: "", contours: "", labels: "" },
  ...{
    channels: "L",
    encoding: "none",
    valPercent: "10",
    split: "slice",
    seed: "0",
    patients: "12",
  },
};

function draftOf(form: DatasetForm): Draft {
  const { valPercent = 10, seed = 0, patients = 12, ...rest } = form;
  const numbers = { valPercent: `${valPercent}`, seed: `${seed}`, patients: `${patients}` };
  return { ...EMPTY, ...rest, ...numbers, name: `${form.name}-copy` };
}

function formOf(draft: Draft): DatasetForm {
  const { kind, name, images, contours, labels, channels, encoding, split } = draft;
  const numbers = { valPercent: Number(draft.valPercent), seed: Number(draft.seed) };
  const common = { kind, name, channels, encoding, split, ...numbers };
  if (kind === "phantom") return { ...common, patients: Number(draft.patients) };
  const paths = kind === "sunnybrook" ? { images, contours } : { images, labels };
  const given = Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== ""));
  return { ...common, ...given };
}

export function NewDatasetPage({ clone }: { clone: string | undefined }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (clone === undefined) return;
    get<DatasetDetail>(`/api/jobs/${clone}`).then(
      ({ form }) => form && setDraft(draftOf(form)),
      (error: unknown) => setErrors(errorsOf(error)),
    );
  }, [clone]);
  const set = (change: Partial<Draft>) => setDraft((last) => ({ ...last, ...change }));
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { id } = await post<JobSummary>("/api/datasets", formOf(draft));
      go(`/datasets/${id}`);
    } catch (error) {
      setErrors(errorsOf(error));
      setBusy(false);
    }
  };
  return (
    <form class="narrow" onSubmit={create} noValidate>
      <h1>{clone ? `New dataset, from ${clone}` : "New dataset"}</h1>
      <Kinds kind={draft.kind} onChange={(kind) => set({ ...kindDefaults(kind), kind })} />
      <FormErrors errors={errors} fields={FIELDS} />
      <Sources draft={draft} set={set} errors={errors} />
      <Options draft={draft} set={set} errors={errors} />
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
    </form>
  );
}

function kindDefaults(kind: DatasetKind): Partial<Draft> {
  const names = { phantom: "phantom", sunnybrook: "Sunnybrook-grayscale", images: "segmentation" };
  return { name: names[kind], channels: kind === "images" ? "none" : "L" };
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

interface PartProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly errors: FieldErrors;
}

function Sources({ draft, set, errors }: PartProps) {
  if (draft.kind === "phantom") {
    return (
      <TextField
        label="Patients"
        inputMode="numeric"
        value={draft.patients}
        onChange={(patients) => set({ patients })}
        error={errorFor(errors, "patients")}
        hint="Sixteen slices with a contour each."
      />
    );
  }
  const isSunnybrook = draft.kind === "sunnybrook";
  return (
    <>
      <FolderField
        label={isSunnybrook ? "Image folder" : "Feature image folder"}
        value={draft.images}
        onChange={(images) => set({ images })}
        error={errorFor(errors, "images")}
        hint={isSunnybrook ? "The folder challenge_training." : "PNG, JPEG, BMP or PNM files."}
      />
      {isSunnybrook ? (
        <FolderField
          label="Contour folder"
          value={draft.contours}
          onChange={(contours) => set({ contours })}
          error={errorFor(errors, "contours")}
          hint="The folder Sunnybrook Cardiac MR Database ContoursPart3."
        />
      ) : (
        <FolderField
          label="Label image folder"
          value={draft.labels}
          onChange={(labels) => set({ labels })}
          error={errorFor(errors, "labels")}
          hint="One label image of the same name for each image."
        />
      )}
    </>
  );
}

function Options({ draft, set, errors }: PartProps) {
  return (
    <div class="columns">
      <SelectField
        label="Channel conversion"
        value={draft.channels}
        onChange={(channels) => set({ channels })}
        choices={[
          ...(draft.kind === "images" ? [["none", "None"] as const] : []),
          ["L", "Grayscale"],
          ["RGB", "RGB"],
        ]}
        hint="RGB for networks that were trained on colour images."
        error={errorFor(errors, "channels")}
      />
      <SelectField
        label="Feature encoding"
        value={draft.encoding}
        onChange={(encoding) => set({ encoding })}
        choices={[
          ["none", "none"],
          ["png", "PNG (lossless)"],
        ]}
        hint="none keeps 16-bit values."
      />
      <TextField
        label="% for validation"
        inputMode="decimal"
        value={draft.valPercent}
        onChange={(valPercent) => set({ valPercent })}
        error={errorFor(errors, "valPercent")}
      />
      <SelectField
        label="Split by"
        value={draft.split}
        onChange={(split) => set({ split })}
        choices={[
          ["slice", "Slice, as DIGITS does"],
          ["patient", "Patient"],
        ]}
        hint="By patient, nobody is in training and validation at once."
      />
      <TextField
        label="Random seed"
        inputMode="numeric"
        value={draft.seed}
        onChange={(seed) => set({ seed })}
        error={errorFor(errors, "seed")}
      />
    </div>
  );
}
