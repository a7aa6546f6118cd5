/** @file The dataset form while it is filled in: text as typed, and the request it becomes. */
import type { DatasetForm, DatasetKind } from "../../api-types.ts";
import type { DatasetPreview, DatasetSources } from "../../dataset-types.ts";

/** The fields of the form, none of them absent, numbers as texts while they are typed. */
export type DatasetDraft = {
  readonly [Field in keyof DatasetForm]-?: NonNullable<DatasetForm[Field]> extends number
    ? string
    : NonNullable<DatasetForm[Field]>;
} & { readonly hasValFolder: boolean };

/** DIGITS' defaults, where it had one. */
export const emptyDataset: DatasetDraft = {
  ...{ kind: "phantom", name: "phantom", images: "", contours: "", labels: "" },
  ...{ hasValFolder: false, valImages: "", valLabels: "" },
  ...{ channels: "L", encoding: "none", labelEncoding: "none" },
  ...{ classLabels: "", colormap: "", labelValues: "", resize: "", groupRegex: "" },
  ...{ valPercent: "10", split: "slice", seed: "0", patients: "12" },
};

const NAMES: Readonly<Record<DatasetKind, string>> = {
  phantom: "phantom",
  sunnybrook: "Sunnybrook-grayscale",
  images: "segmentation",
};

/** Another kind: its name and channels, unless a name of the user's own stands there. */
export function withKind(draft: DatasetDraft, kind: DatasetKind): DatasetDraft {
  const isOwn = !Object.values(NAMES).includes(draft.name);
  return {
    ...draft,
    kind,
    name: isOwn ? draft.name : NAMES[kind],
    channels: kind === "images" ? "none" : "L",
  };
}

/** The form of a dataset filled in again. */
export function datasetDraftOf(form: DatasetForm): DatasetDraft {
  const { valPercent = 10, seed = 0, patients = 12, ...rest } = form;
  return {
    ...emptyDataset,
    ...rest,
    ...{ valPercent: `${valPercent}`, seed: `${seed}`, patients: `${patients}` },
    hasValFolder: form.valImages !== undefined || form.valLabels !== undefined,
    name: `${form.name}-copy`,
  };
}

export function datasetFormOf(draft: DatasetDraft): DatasetForm {
  const { name, channels, encoding, labelEncoding } = draft;
  const { classLabels, colormap, labelValues, resize } = draft;
  const common = { ...datasetSourcesOf(draft), name, channels, encoding, labelEncoding };
  if (draft.kind === "phantom") return { ...common, patients: Number(draft.patients) };
  if (draft.kind === "sunnybrook") return common;
  return { ...common, ...given({ classLabels, colormap, labelValues, resize }) };
}

/** What decides which records there will be. */
export function datasetSourcesOf(draft: DatasetDraft): DatasetSources {
  const { kind, images, contours, labels, valImages, valLabels, split, groupRegex } = draft;
  const common = { kind, split, valPercent: Number(draft.valPercent), seed: Number(draft.seed) };
  if (kind === "phantom") return common;
  if (kind === "sunnybrook") return { ...common, ...given({ images, contours }) };
  const val = draft.hasValFolder ? { valImages, valLabels } : {};
  return { ...common, ...given({ images, labels, ...val, groupRegex }) };
}

function given(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, text]) => text.trim() !== ""));
}

/** Whether enough is filled in to look for the files. */
export function isReady({ kind, images, contours, labels, hasValFolder, ...rest }: DatasetDraft) {
  if (kind === "phantom") return false;
  const second = kind === "sunnybrook" ? contours : labels;
  const val =
    !hasValFolder || kind !== "images" || (rest.valImages !== "" && rest.valLabels !== "");
  return images !== "" && second !== "" && val;
}

/** What a form would make, in one sentence, and what is dubious about it in another. */
export function previewText(preview: DatasetPreview): { text: string; warning: string } {
  const { train, val, cases, sharedCases, leftOutCount } = preview;
  const of = cases > 0 && cases < train + val ? ` of ${cases} patients` : "";
  const left = leftOutCount > 0 ? `; ${leftOutCount} will be left out` : "";
  const isSplitSlices = sharedCases > 0 && cases < train + val;
  return {
    text: `${train + val} records${of}: ${train} train, ${val} validate${left}.`,
    warning: isSplitSlices
      ? `Slices of ${sharedCases} patients are in training and validation at once, so validation ` +
        "will look too good; split by patient to keep them apart."
      : "",
  };
}
