/** @file Writes one stage of a dataset (`train_db` or `val_db`): features, labels and the mean image. */
import { join } from "node:path";
import { createLmdb } from "../../data/lmdb/writer.ts";
import { DataSourceError } from "../../errors.ts";
import { writeFileAtomically } from "../../model-file/atomic-write.ts";
import { encodeMessage } from "../../schema/index.ts";
import {
  encodeRecord,
  type ImageArray,
  type RecordEncoding,
  reversePlanes,
  shapeText,
} from "./image-array.ts";

/** An image and the classes of its pixels. */
export interface Sample {
  readonly feature: ImageArray;
  /** (1, H, W). */
  readonly label: ImageArray;
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
      options.signal?.throwIfAborted();
      const batch = entries.slice(start, start + AHEAD);
      const loaded = await Promise.allSettled(batch.map((entry) => entry.load()));
      for (const [i, result] of loaded.entries()) {
        const entry = batch[i]!;
        options.onRecord();
        if (result.status === "fulfilled") {
          writer ??= new StageWriter(folder, result.value, options);
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

class StageWriter {
  readonly #folder: string;
  readonly #options: StageOptions;
  readonly #features;
  readonly #labels;
  readonly #first: Sample;
  readonly #records: StageRecord[] = [];
  readonly #classPixels: number[] = [];
  readonly #sum: Float64Array;

  constructor(folder: string, first: Sample, options: StageOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#first = first;
    this.#features = createLmdb(join(folder, "features"));
    this.#labels = createLmdb(join(folder, "labels"));
    this.#sum = new Float64Array(first.feature.values.length);
  }

  add(entry: Entry, { feature, label }: Sample): void {
    checkShape("Feature", entry, feature, this.#first.feature);
    checkShape("Label", entry, label, this.#first.label);
    const key = String(this.#records.length).padStart(9, "0");
    this.#features.put(key, encodeRecord(feature, this.#options.featureEncoding));
    this.#labels.put(key, encodeRecord(label, this.#options.labelEncoding));
    this.#records.push({ key, about: entry.about });
    const { values } = feature;
    for (let i = 0; i < values.length; i++) this.#sum[i]! += values[i]!;
    for (const value of label.values) {
      this.#classPixels[value] = (this.#classPixels[value] ?? 0) + 1;
    }
  }

  async close(): Promise<StageSummary> {
    await this.#features.close();
    await this.#labels.close();
    const { feature, label } = this.#first;
    await writeFileAtomically(join(this.#folder, "mean.binaryproto"), [this.#mean()]);
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

  /**
   * The mean image in the old four-axis form and Caffe's channel order. DIGITS rounds it to bytes, which wraps
   * around for 16-bit images; the true mean is written here.
   */
  #mean(): Uint8Array {
    const { channels, height, width } = this.#first.feature;
    const count = this.#records.length;
    const mean = Float32Array.from(this.#sum, (sum) => sum / count);
    const data = channels === 3 ? reversePlanes(mean, 3) : mean;
    return encodeMessage("BlobProto", { num: 1, channels, height, width, data });
  }
}

function checkShape(what: string, entry: Entry, found: ImageArray, first: ImageArray): void {
  if (shapeText(found) === shapeText(first)) return;
  throw new DataSourceError(
    `${what} shape mismatch (last:${shapeText(found)}, previous:${shapeText(first)}): ` +
      `all images of a dataset must have one shape, but ${entry.id} differs from those before it`,
  );
}
