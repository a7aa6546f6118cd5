/** @file How a dataset's records are stored, and how label images are read. */
import { SelectField, TextField, errorFor } from "./field.tsx";
import { FolderField } from "./folder-field.tsx";
import type { DatasetFieldsProps } from "./dataset-sources.tsx";

const ENCODINGS = [
  ["none", "none"],
  ["png", "PNG (lossless)"],
] as const;

export function RecordFields({ draft, set, errors }: DatasetFieldsProps) {
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
        choices={ENCODINGS}
        hint="none keeps 16-bit values."
        error={errorFor(errors, "encoding")}
      />
      <SelectField
        label="Label encoding"
        value={draft.labelEncoding}
        onChange={(labelEncoding) => set({ labelEncoding })}
        choices={ENCODINGS}
        hint="PNG takes less room."
        error={errorFor(errors, "labelEncoding")}
      />
    </div>
  );
}

/** Palettes, class names and sizes: mostly what the label images say is right. */
export function LabelFields({ draft, set, errors }: DatasetFieldsProps) {
  if (draft.kind !== "images") return null;
  const isUsed = [draft.classLabels, draft.colormap, draft.labelValues, draft.resize].some(
    (text) => text !== "",
  );
  const file = (field: "classLabels" | "colormap", label: string, hint: string) => (
    <FolderField
      label={label}
      value={draft[field]}
      onChange={(path) => set({ [field]: path })}
      error={errorFor(errors, field)}
      hint={hint}
      files={/\.txt$/i}
    />
  );
  return (
    <details open={isUsed || Object.keys(errors).some((field) => field in OWN)}>
      <summary>Classes, colours and size</summary>
      {file("classLabels", "Class labels (optional)", "A text file with a class name a line.")}
      {file(
        "colormap",
        "Colour map (optional)",
        'For label images in colour: a text file with "red green blue" a line, class 0 first. ' +
          "Without it the palette of the label images counts.",
      )}
      <div class="columns">
        <TextField
          label="Gray values of the classes"
          value={draft.labelValues}
          onChange={(labelValues) => set({ labelValues })}
          error={errorFor(errors, "labelValues")}
          placeholder="0,255"
          hint="Empty: the values are the classes; of 0 and one other, that is class 1."
        />
        <TextField
          label="Resize to"
          value={draft.resize}
          onChange={(resize) => set({ resize })}
          error={errorFor(errors, "resize")}
          placeholder="256x256"
          hint="Width x height. All images of a dataset have one shape."
        />
        <TextField
          label="Patient in the name"
          value={draft.groupRegex}
          onChange={(groupRegex) => set({ groupRegex })}
          error={errorFor(errors, "groupRegex")}
          placeholder="^(.*?)-IM-"
          hint="A regular expression whose first group is the patient."
        />
      </div>
    </details>
  );
}

const OWN = { classLabels: 0, colormap: 0, labelValues: 0, resize: 0, groupRegex: 0 };
