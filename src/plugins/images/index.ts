/** @file The images plug-in: a folder of images and one of label images become a segmentation dataset. */
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, parse, resolve, sep } from "node:path";
import { silentLogger } from "../../core/logger.ts";
import { DataSourceError, UsageError } from "../../errors.ts";
import {
  buildDataset,
  type DatasetOptions,
  type DatasetPlan,
  type DatasetSummary,
} from "../dataset/build.ts";
import { type SplitKind, splitEntries } from "../dataset/split.ts";
import type { Entry, Sample } from "../dataset/stage.ts";
import { type ChannelConversion, convertChannels, resize } from "./channels.ts";
import {
  type Color,
  type LabelRule,
  labelRule,
  parseLabelValues,
  readColormap,
  readLabel,
  readLines,
} from "./labels.ts";
import { IMAGE_EXTENSIONS, readStoredImage } from "./read-image.ts";

export interface ImagesOptions extends DatasetOptions {
  readonly images: string;
  readonly labels: string;
  /** Folders of validation images and labels; without them a share of the images validates. */
  readonly valImages?: string | undefined;
  readonly valLabels?: string | undefined;
  readonly channels?: ChannelConversion;
  readonly valPercent?: number;
  readonly split?: SplitKind;
  /** Its first group, in an image's path without extension, is the patient. */
  readonly groupRegex?: string | undefined;
  readonly seed?: number;
  /** Width and height that images and labels are brought to. */
  readonly resize?: { readonly width: number; readonly height: number } | undefined;
  /** Values of the classes in gray labels, "0,255". */
  readonly labelValues?: string | undefined;
  /** A file with a class name a line, and one with "red green blue" a line. */
  readonly classLabels?: string | undefined;
  readonly colormap?: string | undefined;
}

export const IMAGES_DEFAULTS = {
  channels: "none",
  valPercent: 10,
  split: "slice",
  seed: 0,
  groupRegex: "^(.*?)-IM-",
} as const;

/** An image with its label; `stem` is the path within the folder, without extension. */
interface Pair {
  readonly stem: string;
  readonly image: string;
  readonly label: string;
}

/** @throws DataSourceError when folders, names or labels do not fit; single bad images are left out and reported. */
export async function buildImagesDataset(options: ImagesOptions): Promise<DatasetSummary> {
  return buildDataset(await planImagesDataset(options), options);
}

/** Pairs the files, looks through the labels, and deals the pairs out. */
export async function planImagesDataset(options: Omit<ImagesOptions, "out">): Promise<DatasetPlan> {
  const logger = options.logger ?? silentLogger;
  const settings = {
    channels: options.channels ?? IMAGES_DEFAULTS.channels,
    valPercent: options.valPercent ?? IMAGES_DEFAULTS.valPercent,
    split: options.split ?? IMAGES_DEFAULTS.split,
    seed: options.seed ?? IMAGES_DEFAULTS.seed,
  };
  if ((options.valImages === undefined) !== (options.valLabels === undefined)) {
    throw new UsageError("--val-images and --val-labels go together; give both or neither");
  }
  const pairs = await listPairs(options.images, options.labels);
  const valPairs =
    options.valImages !== undefined && options.valLabels !== undefined
      ? await listPairs(options.valImages, options.valLabels)
      : undefined;
  const rule = await ruleFor([...pairs, ...(valPairs ?? [])], options);
  if (rule.note) logger.log("info", "images", rule.note);
  const classNames = await namesFor(rule.classCount, options.classLabels);
  const groupOf = grouping(options.groupRegex);
  const entry = (pair: Pair, prefix = ""): Entry => ({
    id: prefix + pair.stem,
    group: groupOf(pair.stem),
    about: { name: pair.stem, image: basename(pair.image), label: basename(pair.label) },
    load: () => loadPair(pair, rule, settings.channels, options.resize),
  });
  const stages = valPairs
    ? {
        // With everything for training, the split still sorts and shuffles.
        train: splitEntries(
          pairs.map((pair) => entry(pair)),
          { ...settings, valPercent: 0 },
        ).train,
        val: valPairs.map((pair) => entry(pair, "val/")),
      }
    : splitEntries(
        pairs.map((pair) => entry(pair)),
        settings,
      );
  const description = {
    kind: "images",
    classNames,
    palette: paletteFor(rule),
    settings: { images: resolve(options.images), labels: resolve(options.labels), ...settings },
  };
  return { ...stages, description, leftOut: [] };
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

async function ruleFor(
  pairs: readonly Pair[],
  options: Omit<ImagesOptions, "out">,
): Promise<LabelRule> {
  const { labelValues, colormap } = options;
  const colors: Color[] | undefined =
    colormap === undefined ? undefined : await readColormap(colormap);
  const values = labelValues === undefined ? undefined : parseLabelValues(labelValues);
  return labelRule(
    pairs.map(({ label }) => label),
    { values, colormap: colors, signal: options.signal },
  );
}

async function namesFor(classCount: number, file: string | undefined): Promise<string[]> {
  if (file === undefined) {
    const plain = Array.from({ length: classCount }, (_, i) => `class ${i}`);
    return classCount === 2 ? ["background", "foreground"] : plain;
  }
  const names = await readLines(file);
  if (names.length < classCount) {
    throw new DataSourceError(
      `${file}: names ${names.length} classes, but the labels have classes up to ${classCount - 1}`,
    );
  }
  return names;
}

/** Black and white for two classes, else the palette of the labels, else shades of gray. */
function paletteFor({ palette, classCount }: LabelRule): Color[] {
  return Array.from({ length: classCount }, (_, index) => {
    const gray = Math.round((255 * index) / Math.max(1, classCount - 1));
    return palette?.[index] ?? [gray, gray, gray];
  });
}

/** The patient by the expression's first group; without a given one, an image that does not match is its own. */
function grouping(given: string | undefined): (stem: string) => string {
  let expression: RegExp;
  try {
    expression = new RegExp(given ?? IMAGES_DEFAULTS.groupRegex);
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

async function loadPair(
  { image, label }: Pair,
  rule: LabelRule,
  channels: ChannelConversion,
  size: ImagesOptions["resize"],
): Promise<Sample> {
  let feature = convertChannels(await readStoredImage(image), channels);
  let classes = await readLabel(label, rule);
  if (feature.width !== classes.width || feature.height !== classes.height) {
    throw new DataSourceError(
      `${image}: is ${feature.width}x${feature.height}, but its label ${label} is ${classes.width}x${classes.height}`,
    );
  }
  if (size) {
    feature = resize(feature, size.width, size.height, "bilinear");
    classes = resize(classes, size.width, size.height, "nearest");
  }
  return { feature, label: classes };
}
