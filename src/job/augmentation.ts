/** @file The augmentation of a job: settings, and their short form on the command line. */
import { augmentationProblem, changesValues, movesPixels } from "../data/index.ts";
import { UsageError } from "../errors.ts";
import { createMessage, withDefaults } from "../schema/index.ts";
import type { JobAugmentation } from "./form-settings.ts";

type Field = keyof JobAugmentation;

/** The items of the short form with a number, and their fields. */
const numbers: Readonly<Record<string, Field>> = {
  rotate: "rotate",
  scale: "scale",
  shift: "shift",
  elastic: "elastic",
  grid: "elasticGrid",
  brightness: "brightness",
  contrast: "contrast",
  gamma: "gamma",
  noise: "noise",
};

const flips: Readonly<Record<string, JobAugmentation>> = {
  x: { flipX: true },
  y: { flipY: true },
  xy: { flipX: true, flipY: true },
};

const fields: readonly string[] = ["flipX", "flipY", ...Object.values(numbers)];

/**
 * Reads `flip,rotate=15,scale=0.1`: items of `flip` (from left to right; `flip=y` from top to bottom,
 * `flip=xy` both) and of the numbers in AugmentationParameter; `grid` is elastic_grid.
 * @returns undefined for "none"
 * @throws UsageError that names the first item that cannot be used
 */
export function parseAugmentation(text: string): JobAugmentation | undefined {
  if (text.trim() === "none") return undefined;
  const settings: JobAugmentation = {};
  const seen = new Set<string>();
  for (const item of text.split(",")) {
    const [name = "", ...rest] = item.split("=").map((part) => part.trim());
    const value = rest.length > 0 ? rest.join("=") : undefined;
    if (seen.has(name)) refuse(`${name} is given twice`);
    seen.add(name);
    Object.assign(settings, name === "flip" ? flipOf(value) : numberOf(name, value, item.trim()));
  }
  checkAugmentation(settings);
  return settings;
}

function flipOf(value = "x"): JobAugmentation {
  return flips[value] ?? refuse(`flip is "${value}"; give flip=x, flip=y or flip=xy`);
}

function numberOf(name: string, value: string | undefined, item: string): JobAugmentation {
  const field = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  const known = ["flip", ...Object.keys(numbers)].join(", ");
  if (!field) return refuse(`it has "${item}"; known are ${known}, or none alone`);
  const number = value ? Number(value) : Number.NaN;
  if (Number.isNaN(number))
    return refuse(`${name} needs a number, such as ${name}=${example(name)}`);
  return { [field]: number };
}

const example = (name: string) => (name === "rotate" ? 15 : name === "grid" ? 4 : 0.1);

/** @throws UsageError for values that no layer takes; a job.json may have been edited */
export function checkAugmentation(augmentation: JobAugmentation | undefined): void {
  if (!augmentation) return;
  for (const [field, value] of Object.entries(augmentation)) {
    if (!fields.includes(field)) refuse(`"${field}" is no setting of it`);
    const kind = field.startsWith("flip") ? "boolean" : "number";
    if (typeof value !== kind)
      refuse(`${itemOf(field)} must be a ${kind}, not ${JSON.stringify(value)}`);
  }
  const settings = withDefaults(
    "AugmentationParameter",
    createMessage("AugmentationParameter", augmentation),
  );
  const found = augmentationProblem(settings);
  if (found) refuse(`${itemOf(found.field)} ${found.problem}`);
  if (augmentation.elasticGrid !== undefined && settings.elastic === 0) {
    refuse("grid is of the elastic warp: give elastic, too");
  }
  if (!movesPixels(settings) && !changesValues(settings)) refuse("it changes nothing; give none");
}

function itemOf(field: string): string {
  return Object.entries(numbers).find(([, name]) => name === field)?.[0] ?? field;
}

function refuse(problem: string): never {
  throw new UsageError(`the augmentation cannot be used: ${problem}`);
}
