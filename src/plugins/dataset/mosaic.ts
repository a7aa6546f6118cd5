/** @file A picture of the first records of a dataset, the borders of their labels drawn in. */
import { decodeDatum, keyText, openLmdb, type Planes } from "../../data/index.ts";
import { imageOf } from "./statistics.ts";

export interface MosaicOptions {
  /** LMDB folders; without labels the images are shown bare. */
  readonly features: string;
  readonly labels?: string | undefined;
  /** How many records, and how many of them side by side. */
  readonly count?: number;
  readonly columns?: number;
}

/** The colour of a label's border. */
const BORDER = [255, 80, 40] as const;
/** The brightest half percent of the pixels may saturate, so that one bright spot does not darken the rest. */
const SATURATED = 0.005;

/** @returns a PNG file; images are placed by the size of the first. */
export async function drawMosaic({
  features,
  labels,
  count = 24,
  columns = 6,
}: MosaicOptions): Promise<Uint8Array> {
  const images = await firstImages(features, count);
  const masks = labels === undefined ? [] : await firstImages(labels, count);
  const { width, height } = images[0] ?? { width: 1, height: 1 };
  const across = Math.min(columns, Math.max(1, images.length));
  const rows = Math.max(1, Math.ceil(images.length / across));
  const picture = new Uint8Array(3 * across * width * rows * height);
  for (const [index, image] of images.entries()) {
    const left = (index % across) * width;
    const top = Math.floor(index / across) * height;
    const mask = masks[index];
    const shade = brightness(image);
    for (let y = 0; y < Math.min(height, image.height); y++) {
      for (let x = 0; x < Math.min(width, image.width); x++) {
        const to = 3 * ((top + y) * across * width + left + x);
        const onBorder = mask && isBorder(mask, x, y);
        for (let c = 0; c < 3; c++) {
          const plane = image.channels < 3 ? 0 : 2 - c;
          const at = (plane * image.height + y) * image.width + x;
          picture[to + c] = onBorder ? BORDER[c]! : shade(image.data[at]!);
        }
      }
    }
  }
  const { default: sharp } = await import("sharp");
  const raw = { width: across * width, height: rows * height, channels: 3 } as const;
  return sharp(picture, { raw }).png().toBuffer();
}

async function firstImages(path: string, count: number): Promise<Planes[]> {
  const reader = openLmdb(path);
  try {
    const images: Planes[] = [];
    const cursor = reader.cursor();
    for (let more = cursor.first(); more && images.length < count; more = cursor.next()) {
      const what = `${path}: record ${keyText(cursor.key)}`;
      // The cursor's value may be a Buffer, whose slice is no copy.
      const value = Uint8Array.from(cursor.value);
      images.push(await imageOf(decodeDatum(value, what), what));
    }
    return images;
  } finally {
    reader.close();
  }
}

/** From values to bytes: from the smallest value to one that few exceed. */
function brightness({ data }: Planes): (value: number) => number {
  if (data instanceof Uint8Array) return (value) => value;
  const sorted = Float64Array.from(data).sort();
  const low = sorted[0] ?? 0;
  const high = sorted[Math.floor((sorted.length - 1) * (1 - SATURATED))] ?? 1;
  const factor = 255 / Math.max(high - low, Number.MIN_VALUE);
  return (value) => Math.min(255, Math.round((value - low) * factor));
}

/** Whether a labelled pixel has a neighbour of another class. */
function isBorder({ width, height, data }: Planes, x: number, y: number): boolean {
  if (x >= width || y >= height) return false;
  const own = data[y * width + x]!;
  if (own === 0) return false;
  const differs = (nx: number, ny: number) =>
    nx < 0 || ny < 0 || nx >= width || ny >= height || data[ny * width + nx] !== own;
  return differs(x - 1, y) || differs(x + 1, y) || differs(x, y - 1) || differs(x, y + 1);
}
