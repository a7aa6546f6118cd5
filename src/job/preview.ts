/** @file The first training batch of a job as a picture: what the net will see, with the outlines of its label maps. */
import { Net } from "../net/net.ts";
import { type LayerParameter, copyMessage, createMessage } from "../schema/index.ts";
import type { ClassMap } from "./class-map.ts";
import { type FloatImage, type ValueRange, shownImage, valueRange } from "./float-image.ts";
import { overlay } from "./overlay.ts";
import { type Picture, sheet } from "./picture.ts";

const COLUMNS = 4;
const MOST_IMAGES = 2 * COLUMNS;
/** Smaller images are enlarged to about this width. */
const LEGIBLE_WIDTH = 192;

/** An image of a batch and its label map. */
interface Sample {
  readonly image: FloatImage;
  readonly label: ClassMap | undefined;
}

/**
 * Draws the first images of a batch with yellow outlines. Augmented ones stand below what they were
 * made of, in the same range of gray.
 * @param layers the data layers of the TRAIN phase, images first
 * @returns an RGB picture
 * @throws CaffeError where the batch cannot be read
 */
export async function previewBatch(layers: readonly LayerParameter[]): Promise<Picture> {
  const samples = await firstSamples(layers);
  const isAugmented = layers.some((layer) => layer.augmentationParam);
  const plain = isAugmented ? await firstSamples(layers.map(withoutAugmentation)) : samples;
  const ranges = plain.map(({ image }, i) => wider(valueRange(image), samples[i]!.image));
  const rows: Picture[][] = [];
  for (let first = 0; first < samples.length; first += COLUMNS) {
    const drawRow = (from: readonly Sample[]) =>
      from.slice(first, first + COLUMNS).map((sample, i) => drawn(sample, ranges[first + i]!));
    if (isAugmented) rows.push(drawRow(plain));
    rows.push(drawRow(samples));
  }
  return sheet(rows);
}

/** A range in which an augmented image is seen whole, too. */
function wider(range: ValueRange, augmented: FloatImage): ValueRange {
  let { low, high } = range;
  for (const value of augmented.data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

function withoutAugmentation(layer: LayerParameter): LayerParameter {
  const { augmentationParam: _, ...rest } = layer;
  return createMessage("LayerParameter", rest);
}

async function firstSamples(layers: readonly LayerParameter[]): Promise<Sample[]> {
  const layer = layers.map((param) => copyMessage(param, { include: [] }));
  const net = await Net.load(createMessage("NetParameter", { layer }), {
    phase: "TRAIN",
    device: "cpu",
    threads: 1,
    seed: 1,
  });
  try {
    await net.run();
    const [images, labels] = layers.map(({ top }) => net.blobs.get(top[0] ?? ""));
    const [count = 0, channels = 1, height = 1, width = 1] = images?.shape ?? [];
    const size = channels * height * width;
    return Array.from({ length: Math.min(count, MOST_IMAGES) }, (_, n): Sample => {
      const data = images!.data.slice(n * size, (n + 1) * size);
      return { image: { channels, height, width, data }, label: mapOf(labels, n, height, width) };
    });
  } finally {
    net.dispose();
  }
}

/** Label maps of another size, as with a crop, have no place on the image. */
function mapOf(
  labels: { readonly shape: readonly number[]; readonly data: Float32Array } | undefined,
  n: number,
  height: number,
  width: number,
): ClassMap | undefined {
  const [, channels, rows, columns] = labels?.shape ?? [];
  if (!labels || channels !== 1 || rows !== height || columns !== width) return undefined;
  const size = height * width;
  return {
    height,
    width,
    classes: Uint8Array.from(labels.data.subarray(n * size, (n + 1) * size)),
  };
}

function drawn({ image, label }: Sample, range: ValueRange): Picture {
  const { width, height } = image;
  const scale = Math.max(1, Math.round(LEGIBLE_WIDTH / width));
  const nothing: ClassMap = { width, height, classes: new Uint8Array(width * height) };
  const options = { scale, classCount: 2, ...(label ? { label } : {}) };
  return overlay(shownImage(image, range), nothing, options);
}
