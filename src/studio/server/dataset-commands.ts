/** @file The commands of cortado that make a dataset. */
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
  return [["dataset", "images", `--images=${images}`, `--labels=${labels}`, out, ...shared(form)]];
}

function sunnybrook(form: DatasetForm, images: string, contours: string, out: string): string[] {
  const places = [`--images=${images}`, `--contours=${contours}`, out];
  return ["dataset", "sunnybrook", ...places, ...shared(form)];
}

async function folderOf(
  form: DatasetForm,
  field: "images" | "contours" | "labels",
  roots: Roots,
): Promise<string> {
  const given = form[field];
  if (given === undefined) throw new Refusal(400, `choose the folder of the ${field}`, field);
  return roots.inside(given, field);
}

function shared({ channels, encoding, valPercent, split, seed }: DatasetForm): string[] {
  const flags = { channels, encoding, "val-percent": valPercent, split, seed };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
}
