/** @file Statistics over the records of one database. */
import { datumPlanes, decodeDatum, decodeImage, type Planes } from "../../data/index.ts";
import type { Datum } from "../../schema/index.ts";

export interface ShapeCount {
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  readonly records: number;
}

export interface ClassCount {
  readonly class: number;
  /** Pixels of a label image, or records with a scalar label. */
  readonly count: number;
  readonly fraction: number;
  /** Label images that have the class at all. */
  readonly records: number;
}

export interface ValueStatistics {
  readonly shapes: readonly ShapeCount[];
  /** "uint8", "float", "encoded png", ...; several where the records differ. */
  readonly types: readonly string[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  /** Of label images, by pixel. */
  readonly pixelClasses: readonly ClassCount[] | undefined;
  /** Of the records' own label field, where it is not 0 everywhere. */
  readonly recordClasses: readonly ClassCount[] | undefined;
}

/** Label images with more different values than this are no label images. */
const MAX_CLASSES = 256;

export class RecordStatistics {
  readonly #countsPixels: boolean;
  readonly #shapes = new Map<string, ShapeCount>();
  readonly #types = new Set<string>();
  readonly #pixels = new Map<number, { count: number; records: number }>();
  readonly #labels = new Map<number, { count: number; records: number }>();
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #values = 0;

  /** @param countsPixels whether the values are classes */
  constructor(countsPixels: boolean) {
    this.#countsPixels = countsPixels;
  }

  /**
   * @param what how an error names the record
   * @throws DataSourceError when the bytes are no Datum, or its image cannot be decoded
   */
  async add(bytes: Uint8Array, what: string): Promise<void> {
    const datum = decodeDatum(bytes, what);
    const { channels, height, width, data } = await imageOf(datum, what);
    const name = `${channels}x${height}x${width}`;
    const known = this.#shapes.get(name);
    this.#shapes.set(name, {
      shape: [channels, height, width],
      records: (known?.records ?? 0) + 1,
    });
    this.#types.add(typeOf(datum));
    tally(this.#labels, datum.label ?? 0, 1);
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
      this.#sum += value;
    }
    this.#values += data.length;
    if (this.#countsPixels && this.#pixels.size <= MAX_CLASSES) this.#countPixels(data);
  }

  #countPixels(data: Planes["data"]): void {
    const counts = new Map<number, number>();
    for (const value of data) counts.set(value, (counts.get(value) ?? 0) + 1);
    for (const [value, count] of counts) tally(this.#pixels, value, count);
  }

  summary(): ValueStatistics {
    const hasLabels = [...this.#labels.keys()].some((label) => label !== 0);
    const hasPixels = this.#countsPixels && this.#pixels.size <= MAX_CLASSES;
    const any = this.#values > 0;
    return {
      shapes: [...this.#shapes.values()],
      types: [...this.#types],
      min: any ? this.#min : undefined,
      max: any ? this.#max : undefined,
      mean: any ? this.#sum / this.#values : undefined,
      pixelClasses: hasPixels ? classCounts(this.#pixels) : undefined,
      recordClasses: hasLabels ? classCounts(this.#labels) : undefined,
    };
  }
}

/** The image of a record, decoded where it is a file; channels in Caffe's order. */
export async function imageOf(datum: Datum, what: string): Promise<Planes> {
  if (!datum.encoded || !datum.data) return datumPlanes(datum, what);
  return decodeImage(datum.data, what);
}

function typeOf({ encoded, data, floatData }: Datum): string {
  if (!encoded) return floatData && floatData.length > 0 ? "float" : data ? "uint8" : "empty";
  const head = Buffer.from(data?.subarray(0, 4) ?? []).toString("latin1");
  if (head === "\x89PNG") return `encoded png, ${data?.[24]} bit`;
  return head.startsWith("\xff\xd8") ? "encoded jpeg" : "encoded";
}

function tally(
  counts: Map<number, { count: number; records: number }>,
  key: number,
  count: number,
): void {
  const known = counts.get(key);
  if (known) {
    known.count += count;
    known.records++;
  } else counts.set(key, { count, records: 1 });
}

function classCounts(
  counts: ReadonlyMap<number, { count: number; records: number }>,
): ClassCount[] {
  const total = [...counts.values()].reduce((sum, { count }) => sum + count, 0);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([key, { count, records }]) => ({ class: key, count, fraction: count / total, records }));
}
