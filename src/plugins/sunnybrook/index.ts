/** @file The Sunnybrook plug-in: cardiac MR slices and expert contours become a segmentation dataset. */
import { relative, resolve } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { contourMask, readContour } from "../contours/contour-file.ts";
import {
  buildDataset,
  type DatasetOptions,
  type DatasetPlan,
  type DatasetSummary,
} from "../dataset/build.ts";
import { repeatChannel } from "../dataset/record.ts";
import { type SplitKind, splitEntries } from "../dataset/split.ts";
import type { Entry, Sample } from "../dataset/stage.ts";
import { readDicom } from "../dicom/index.ts";
import { discoverPairs, type Pair } from "./discover.ts";

export interface SunnybrookOptions extends DatasetOptions {
  /** The folder `challenge_training` with a folder a case. */
  readonly images: string;
  /** The folder `Sunnybrook Cardiac MR Database ContoursPart3`. */
  readonly contours: string;
  /** One channel, or the same three times, for nets that were trained on colour images. */
  readonly channels?: "L" | "RGB";
  readonly valPercent?: number;
  readonly split?: SplitKind;
  readonly seed?: number;
}

const SUNNYBROOK_CLASSES = ["background", "left ventricle"] as const;

/** The defaults are those of DIGITS' form; a seed it had none, so its datasets could not be made again. */
export const SUNNYBROOK_DEFAULTS = {
  channels: "L",
  valPercent: 10,
  split: "slice",
  seed: 0,
} as const;

/**
 * Makes a dataset of every slice that has an inner contour. Pixels are the stored 16-bit values, unscaled; labels are
 * 1 inside the contour and 0 outside.
 *
 * @throws DataSourceError when a folder is wrong or nothing can be read; single bad files are left out and reported.
 */
export async function buildSunnybrookDataset(options: SunnybrookOptions): Promise<DatasetSummary> {
  if (options.featureEncoding === "png") {
    options.logger?.log(
      "warning",
      "sunnybrook",
      "features are written as 16-bit PNG, but Caffe decodes images to 8 bits; encoding none keeps the values",
    );
  }
  return buildDataset(await planSunnybrookDataset(options), options);
}

/** Finds the slices and deals them out, without reading one. */
export async function planSunnybrookDataset(
  options: Omit<SunnybrookOptions, "out">,
): Promise<DatasetPlan> {
  const settings = {
    channels: options.channels ?? SUNNYBROOK_DEFAULTS.channels,
    valPercent: options.valPercent ?? SUNNYBROOK_DEFAULTS.valPercent,
    split: options.split ?? SUNNYBROOK_DEFAULTS.split,
    seed: options.seed ?? SUNNYBROOK_DEFAULTS.seed,
  };
  const { pairs, leftOut } = await discoverPairs(options.images, options.contours);
  const entries = pairs.map((pair) => entryOf(pair, options, settings.channels));
  const description = {
    kind: "sunnybrook",
    classNames: SUNNYBROOK_CLASSES,
    palette: [
      [0, 0, 0],
      [255, 255, 255],
    ] as const,
    settings: {
      images: resolve(options.images),
      contours: resolve(options.contours),
      ...settings,
    },
  };
  return { ...splitEntries(entries, settings), description, leftOut };
}

function entryOf(
  pair: Pair,
  options: Pick<SunnybrookOptions, "images" | "contours">,
  channels: "L" | "RGB",
): Entry {
  const { caseName, instance, image, contour } = pair;
  return {
    id: `${caseName}/${String(instance).padStart(4, "0")}`,
    group: caseName,
    about: {
      case: caseName,
      instance,
      image: relative(options.images, image),
      contour: relative(options.contours, contour),
    },
    load: () => loadPair(pair, channels),
  };
}

/** @throws DataSourceError naming the file that cannot be used. */
async function loadPair({ image, contour }: Pair, channels: "L" | "RGB"): Promise<Sample> {
  const [dicom, points] = await Promise.all([readDicom(image), readContour(contour)]);
  const { rows: height, columns: width, frames, samplesPerPixel, values } = dicom;
  const spacing = dicom.pixelSpacingMm;
  if (frames !== 1 || samplesPerPixel !== 1) {
    throw new DataSourceError(
      `${image}: has ${frames} frames of ${samplesPerPixel} samples; expected one grayscale slice`,
    );
  }
  const mask = contourMask(points, width, height);
  if (!mask.data.includes(1)) {
    throw new DataSourceError(`${contour}: lies outside its ${width}x${height} image`);
  }
  // DIGITS widens pixels to integers, which it then stores as floats, whatever their type.
  const feature = { channels: 1, height, width, data: Float32Array.from(values) };
  return {
    feature: channels === "RGB" ? repeatChannel(feature, 3) : feature,
    label: { channels: 1, height, width, data: mask.data },
    about: spacing && { rowMm: spacing[0], columnMm: spacing[1] },
  };
}
