/** @file The commands of cortado that make a dataset. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetForm } from "../api-types.ts";
import { Refusal } from "./refusal.ts";
import type { Roots } from "./roots.ts";

const PHANTOM_IMAGES = "challenge_training";
const PHANTOM_CONTOURS = "Sunnybrook Cardiac MR Database ContoursPart3";

/** Where a phantom's slices and contours are drawn to. */
export const phantomFiles = (id: string, roots: Roots) => `${roots.job(id)}-files`;

/** The commands that make a dataset; paths are checked first. */
export async function commandsOf(
  form: DatasetForm,
  { roots }: { roots: Roots },
): Promise<string[][]> {
  const out = `--out=${roots.job(form.name)}`;
  if (form.kind === "phantom") {
    const files = phantomFiles(form.name, roots);
    const [images, contours] = [join(files, PHANTOM_IMAGES), join(files, PHANTOM_CONTOURS)];
    const size = form.patients === undefined ? [] : [`--patients=${form.patients}`];
    return [
      ["dataset", "phantom", `--out=${files}`, "--force", ...size],
      sunnybrook(form, images, contours, out),
    ];
  }
  const images = await folderOf(form, "images", roots);
  if (form.kind === "sunnybrook") {
    const contours = await folderOf(form, "contours", roots);
    if (form.channels === "none") throw new Refusal(400, "choose L or RGB", "channels");
    return [sunnybrook(form, images, contours, out)];
  }
  const labels = await folderOf(form, "labels", roots);
  const own = await imageFlags(form, roots);
  const places = [`--images=${images}`, `--labels=${labels}`, out];
  return [["dataset", "images", ...places, ...own, ...shared(form)]];
}

/** What only folders of images have. */
async function imageFlags(form: DatasetForm, roots: Roots): Promise<string[]> {
  const { labelValues, resize, groupRegex } = form;
  const separate = form.valImages !== undefined || form.valLabels !== undefined;
  const file = (field: "classLabels" | "colormap") =>
    form[field] === undefined ? undefined : roots.inside(form[field], field);
  return flagsOf({
    "val-images": separate ? await folderOf(form, "valImages", roots) : undefined,
    "val-labels": separate ? await folderOf(form, "valLabels", roots) : undefined,
    "class-labels": await file("classLabels"),
    colormap: await file("colormap"),
    "label-values": labelValues,
    ...{ resize, "group-regex": groupRegex },
  });
}

function sunnybrook(form: DatasetForm, images: string, contours: string, out: string): string[] {
  const places = [`--images=${images}`, `--contours=${contours}`, out];
  return ["dataset", "sunnybrook", ...places, ...shared(form)];
}

const FOLDERS = {
  images: "images",
  contours: "contours",
  labels: "labels",
  valImages: "validation images",
  valLabels: "validation labels",
} as const;

type FolderField = keyof typeof FOLDERS;

/** @throws Refusal at the field whose folder is missing, or outside */
export async function folderOf(
  form: { readonly [Field in FolderField]?: string },
  field: FolderField,
  roots: Roots,
): Promise<string> {
  const given = form[field];
  if (given === undefined) {
    throw new Refusal(400, `choose the folder of the ${FOLDERS[field]}`, field);
  }
  const folder = await roots.inside(given, field);
  if ((await stat(folder)).isDirectory()) return folder;
  throw new Refusal(400, `${given} is no folder`, field);
}

function shared(form: DatasetForm): string[] {
  const { channels, encoding, valPercent, split, seed } = form;
  return flagsOf({
    ...{ channels, encoding, "label-encoding": form.labelEncoding },
    ...{ "val-percent": valPercent, split, seed },
  });
}

function flagsOf(flags: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
}
