/** @file The images plug-in: a folder of images and one of label images become a segmentation dataset. */
import { basename, resolve } from "node:path";
import { silentLogger } from "../../core/logger.ts";
import { MAX_PIXELS } from "../../data/index.ts";
import { DataSourceError, UsageError } from "../../errors.ts";
import {
  buildDataset,
  type DatasetOptions,
  type DatasetPlan,
  type DatasetSummary,
} from "../dataset/build.ts";
import type { SplitKind } from "../dataset/split.ts";
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
import { type ImagePair, splitPairs } from "./pairs.ts";
import { readStoredImage } from "./read-image.ts";

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
} as const;

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
  checkSize(options.resize);
  const { train, val } = await splitPairs({ ...options, ...settings });
  const rule = await ruleFor([...train, ...val], options);
  if (rule.note) logger.log("info", "images", rule.note);
  const classNames = await namesFor(rule.classCount, options.classLabels);
  const entry = (pair: ImagePair): Entry => ({
    id: pair.id,
    group: pair.group,
    about: {
      name: pair.stem,
      ...(pair.group === pair.stem ? {} : { case: pair.group }),
      image: basename(pair.image),
      label: basename(pair.label),
    },
    load: () => loadPair(pair, rule, settings.channels, options.resize),
  });
  const stages = { train: train.map(entry), val: val.map(entry) };
  const description = {
    kind: "images",
    classNames,
    palette: paletteFor(rule),
    settings: {
      ...{ images: resolve(options.images), labels: resolve(options.labels), ...settings },
      ...givenSettings(options),
    },
  };
  return { ...stages, description, leftOut: [] };
}

/** @throws UsageError for a size that no image may have */
function checkSize(size: ImagesOptions["resize"]): void {
  if (!size || size.width * size.height <= MAX_PIXELS) return;
  throw new UsageError(
    `${size.width} x ${size.height} pixels are more than an image may have (${MAX_PIXELS}); choose a smaller size`,
  );
}

/** The settings that have no default, as far as they are given; paths absolute. */
function givenSettings(options: Omit<ImagesOptions, "out">): Record<string, string> {
  const { valImages, valLabels, classLabels, colormap, labelValues, groupRegex } = options;
  const paths = Object.entries({ valImages, valLabels, classLabels, colormap });
  const size = options.resize && `${options.resize.width}x${options.resize.height}`;
  const all = [
    ...paths.map(([name, path]) => [name, path === undefined ? undefined : resolve(path)] as const),
    ...Object.entries({ labelValues, groupRegex, resize: size }),
  ];
  return Object.fromEntries(
    all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function ruleFor(
  pairs: readonly ImagePair[],
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

async function loadPair(
  { image, label }: ImagePair,
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
