/** @file Writes one stage of a dataset (`train_db` or `val_db`): features, labels and the mean image. */
import { join } from "node:path";
import { createLmdb, MeanAccumulator, type Planes } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";
import { writeBinaryProto } from "../../model-file/index.ts";
import { checkInterrupted } from "./interrupt.ts";
import { encodeRecord, type RecordEncoding, shapeText } from "./record.ts";

/** An image and the classes of its pixels. */
export interface Sample {
  /** In Caffe's order of channels: blue, green, red. */
  readonly feature: Planes;
  /** (1, H, W). */
  readonly label: Planes;
  /** What only the file itself tells of the image, for `dataset.json`: the size of a pixel in mm. */
  readonly about?: { readonly rowMm: number; readonly columnMm: number } | undefined;
}

/** One image of a dataset that is to be made. */
export interface Entry {
  /** Sorts the entries and stands in messages. */
  readonly id: string;
  /** The patient, or whatever else must not be split. */
  readonly group: string;
  /** What `dataset.json` keeps of it, to find it again. */
  readonly about: Readonly<Record<string, string | number>>;
  load(): Promise<Sample>;
}

export interface StageOptions {
  readonly featureEncoding: RecordEncoding;
  readonly labelEncoding: RecordEncoding;
  /** Called for an entry that cannot be used. */
  onLeftOut(entry: Entry, reason: string): void;
  onRecord(): void;
  readonly signal?: AbortSignal | undefined;
}

export interface StageRecord {
  readonly key: string;
  readonly about: Entry["about"];
}

export interface StageSummary {
  readonly records: readonly StageRecord[];
  readonly featureShape: readonly number[];
  readonly labelShape: readonly number[];
  /** Pixels of each class over all labels. */
  readonly classPixels: readonly number[];
}

/** A sample ready to be stored. */
interface Encoded extends Sample {
  readonly featureBytes: Uint8Array;
  readonly labelBytes: Uint8Array;
}

/** Images decoded at once: reading one file overlaps with decoding another. */
const AHEAD = 8;

/**
 * Writes the stage; the sequence number of a record is its key in both databases, as `%09d`.
 *
 * @returns undefined, with nothing written, when no entry could be used
 * @throws DataSourceError when shapes differ or the disk fails.
 */
export async function writeStage(
  folder: string,
  entries: readonly Entry[],
  options: StageOptions,
): Promise<StageSummary | undefined> {
  let writer: StageWriter | undefined;
  try {
    for (let start = 0; start < entries.length; start += AHEAD) {
      checkInterrupted(options.signal);
      const batch = entries.slice(start, start + AHEAD);
      const loaded = await Promise.allSettled(batch.map((entry) => encoded(entry, options)));
      for (const [i, result] of loaded.entries()) {
        const entry = batch[i]!;
        options.onRecord();
        if (result.status === "fulfilled") {
          writer ??= new StageWriter(folder, result.value);
          writer.add(entry, result.value);
        } else if (result.reason instanceof DataSourceError) {
          options.onLeftOut(entry, result.reason.message);
        } else throw result.reason;
      }
    }
    return await writer?.close();
  } catch (cause) {
    await writer?.abort();
    throw cause;
  }
}

async function encoded(entry: Entry, options: StageOptions): Promise<Encoded> {
  const sample = await entry.load();
  const [featureBytes, labelBytes] = await Promise.all([
    encodeRecord(sample.feature, options.featureEncoding),
    encodeRecord(sample.label, options.labelEncoding),
  ]);
  return { ...sample, featureBytes, labelBytes };
}

class StageWriter {
  readonly #folder: string;
  readonly #features;
  readonly #labels;
  readonly #first: Sample;
  readonly #records: StageRecord[] = [];
  readonly #classPixels: number[] = [];
  readonly #mean = new MeanAccumulator();

  constructor(folder: string, first: Sample) {
    this.#folder = folder;
    this.#first = first;
    this.#features = createLmdb(join(folder, "features"));
    this.#labels = createLmdb(join(folder, "labels"));
  }

  add(entry: Entry, { feature, label, about, featureBytes, labelBytes }: Encoded): void {
    checkShape("Feature", entry, feature, this.#first.feature);
    checkShape("Label", entry, label, this.#first.label);
    const key = String(this.#records.length).padStart(9, "0");
    this.#features.put(key, featureBytes);
    this.#labels.put(key, labelBytes);
    this.#records.push({ key, about: { ...entry.about, ...about } });
    this.#mean.add(feature, entry.id);
    const { data } = label;
    for (let i = 0; i < data.length; i++) {
      const index = data[i]!;
      this.#classPixels[index] = (this.#classPixels[index] ?? 0) + 1;
    }
  }

  async close(): Promise<StageSummary> {
    await this.#features.close();
    await this.#labels.close();
    const { feature, label } = this.#first;
    // DIGITS rounds the mean to bytes, which wraps around for 16-bit images; the true mean is written here.
    await writeBinaryProto(join(this.#folder, "mean.binaryproto"), this.#mean.toProto());
    return {
      records: this.#records,
      featureShape: [feature.channels, feature.height, feature.width],
      labelShape: [label.channels, label.height, label.width],
      classPixels: Array.from(this.#classPixels, (count) => count ?? 0),
    };
  }

  async abort(): Promise<void> {
    await this.#features.abort();
    await this.#labels.abort();
  }
}

function checkShape(what: string, entry: Entry, found: Planes, first: Planes): void {
  if (shapeText(found) === shapeText(first)) return;
  throw new DataSourceError(
    `${what} shape mismatch (last:${shapeText(found)}, previous:${shapeText(first)}): ` +
      `all images of a dataset must have one shape, but ${entry.id} differs from those before it`,
  );
}
