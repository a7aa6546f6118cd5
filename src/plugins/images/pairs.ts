/** @file Images and their labels, paired by name and dealt out, before any is read. */
import { readdir, stat } from "node:fs/promises";
import { extname, join, parse, sep } from "node:path";
import { DataSourceError, UsageError } from "../../errors.ts";
import { type SplitOptions, splitEntries } from "../dataset/split.ts";
import { IMAGE_EXTENSIONS } from "./read-image.ts";

/** An image with its label; `stem` is the path within the folder, without extension. */
interface Pair {
  readonly stem: string;
  readonly image: string;
  readonly label: string;
}

/** One that is dealt out: by its id, or with its patient. */
export interface ImagePair extends Pair {
  readonly id: string;
  readonly group: string;
}

export interface PairOptions extends SplitOptions {
  readonly images: string;
  readonly labels: string;
  /** Folders of what validates, in place of a share. */
  readonly valImages?: string | undefined;
  readonly valLabels?: string | undefined;
  readonly groupRegex?: string | undefined;
}

const GROUP_REGEX = "^(.*?)-IM-";

/** @throws DataSourceError or UsageError when folders or names do not fit */
export async function splitPairs(
  options: PairOptions,
): Promise<{ train: ImagePair[]; val: ImagePair[] }> {
  const { images, labels, valImages, valLabels, valPercent } = options;
  if ((valImages === undefined) !== (valLabels === undefined)) {
    throw new UsageError("--val-images and --val-labels go together; give both or neither");
  }
  const groupOf = grouping(options.groupRegex);
  const named = (pairs: readonly Pair[], prefix: string): ImagePair[] =>
    pairs.map((pair) => ({ ...pair, id: prefix + pair.stem, group: groupOf(pair.stem) }));
  const pairs = named(await listPairs(images, labels), "");
  if (valImages === undefined || valLabels === undefined) {
    return splitEntries(pairs, { ...options, valPercent });
  }
  const val = named(await listPairs(valImages, valLabels), "val/");
  // With everything for training, the split still sorts and shuffles.
  return { train: splitEntries(pairs, { ...options, valPercent: 0 }).train, val };
}

/** The images of two folders, paired by their order, whose names must agree. */
async function listPairs(images: string, labels: string): Promise<Pair[]> {
  const [imageStems, labelStems] = [await listImages(images), await listImages(labels)];
  for (const [folder, list] of [
    [images, imageStems],
    [labels, labelStems],
  ] as const) {
    if (list.length === 0) {
      throw new DataSourceError(`${folder}: holds no images (${IMAGE_EXTENSIONS.join(" ")})`);
    }
  }
  const known = new Set(labelStems.map(({ stem }) => stem));
  const wanted = new Set(imageStems.map(({ stem }) => stem));
  const unlabelled = imageStems.find(({ stem }) => !known.has(stem));
  const imageless = labelStems.find(({ stem }) => !wanted.has(stem));
  if (unlabelled || imageless || imageStems.length !== labelStems.length) {
    const example = unlabelled
      ? `${unlabelled.path} has no label of that name`
      : imageless
        ? `${imageless.path} has no image of that name`
        : "two files have the same name but for the extension";
    throw new DataSourceError(
      `images and labels must match by name: ${imageStems.length} images in ${images}, ` +
        `${labelStems.length} labels in ${labels}; ${example}`,
    );
  }
  return imageStems.map(({ stem, path }, i) => ({ stem, image: path, label: labelStems[i]!.path }));
}

async function listImages(folder: string): Promise<{ stem: string; path: string }[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DataSourceError(`${folder}: Folder does not exist or is not reachable`);
  }
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => IMAGE_EXTENSIONS.includes(extname(name).toLowerCase()))
    .map((name) => {
      const { dir, name: base } = parse(name);
      return { stem: join(dir, base).split(sep).join("/"), path: join(folder, name) };
    })
    .sort((a, b) => (a.stem < b.stem ? -1 : a.stem > b.stem ? 1 : 0));
}

/** The patient by the expression's first group; without a given one, an image that does not match is its own. */
function grouping(given: string | undefined): (stem: string) => string {
  let expression: RegExp;
  try {
    expression = new RegExp(given ?? GROUP_REGEX);
  } catch (cause) {
    throw new UsageError(`--group-regex "${given}" is no regular expression`, { cause });
  }
  return (stem) => {
    const group = expression.exec(stem)?.[1];
    if (group === undefined && given !== undefined) {
      throw new UsageError(`--group-regex "${given}" does not find a first group in "${stem}"`);
    }
    return group ?? stem;
  };
}
