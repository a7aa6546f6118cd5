/** @file What a dataset is made from: folders, and how they are dealt out. */
import type { DatasetKind } from "../../api-types.ts";
import type { FieldErrors } from "../lib/api.ts";
import type { DatasetDraft } from "../lib/dataset-draft.ts";
import { SelectField, TextField, errorFor } from "./field.tsx";
import { FolderField } from "./folder-field.tsx";

export interface DatasetFieldsProps {
  readonly draft: DatasetDraft;
  readonly set: (change: Partial<DatasetDraft>) => void;
  readonly errors: FieldErrors;
}

const FOLDERS = {
  images: {
    sunnybrook: ["Image folder", "The folder challenge_training, with a folder a case."],
    images: ["Feature image folder", "PNG, JPEG, BMP or PNM files."],
  },
  contours: {
    sunnybrook: ["Contour folder", "The folder Sunnybrook Cardiac MR Database ContoursPart3."],
  },
  labels: {
    images: ["Label image folder", "One label image of the same name for each image."],
  },
  valImages: { images: ["Validation feature image folder", ""] },
  valLabels: { images: ["Validation label image folder", ""] },
} as const satisfies Partial<
  Record<keyof DatasetDraft, Partial<Record<DatasetKind, readonly [string, string]>>>
>;

export function DatasetSourceFields({ draft, set, errors }: DatasetFieldsProps) {
  const folder = (field: keyof typeof FOLDERS) => {
    const texts: Partial<Record<DatasetKind, readonly [string, string]>> = FOLDERS[field];
    const [label, hint] = texts[draft.kind] ?? [];
    if (label === undefined) return null;
    return (
      <FolderField
        key={field}
        label={label}
        value={draft[field]}
        onChange={(path) => set({ [field]: path })}
        error={errorFor(errors, field)}
        {...(hint ? { hint } : {})}
      />
    );
  };
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
  return (
    <>
      {folder("images")}
      {folder("contours")}
      {folder("labels")}
      {draft.kind === "images" && (
        <label class="check">
          <input
            type="checkbox"
            checked={draft.hasValFolder}
            onChange={(event) => set({ hasValFolder: event.currentTarget.checked })}
          />
          Separate validation images
        </label>
      )}
      {draft.hasValFolder && folder("valImages")}
      {draft.hasValFolder && folder("valLabels")}
    </>
  );
}

export function SplitFields({ draft, set, errors }: DatasetFieldsProps) {
  const isDealt = draft.kind !== "images" || !draft.hasValFolder;
  return (
    <div class="columns">
      {isDealt && (
        <>
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
        </>
      )}
      <TextField
        label="Random seed"
        inputMode="numeric"
        value={draft.seed}
        onChange={(seed) => set({ seed })}
        error={errorFor(errors, "seed")}
        hint="The same seed deals out the same records."
      />
    </div>
  );
}
