/** @file Records of a dataset folder by their number, as images and class maps. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LmdbReader, decodeDatum, openLmdb } from "../data/index.ts";
import { DATASET_FILE } from "../plugins/dataset/build.ts";
import { imageOf } from "../plugins/dataset/statistics.ts";
import type { ClassMap } from "./class-map.ts";
import type { FloatImage } from "./float-image.ts";
import type { PixelSpacing } from "./surface-distance.ts";

export type Stage = "train" | "val";

/** What `dataset.json` says of a record: case and slice, or names of files. */
export type RecordFacts = Readonly<Record<string, string | number>>;

/** One half of a dataset in DIGITS' layout, whose records have the keys `%09d`. */
export class DatasetRecords {
  /** How many records there are. */
  readonly count: number;
  readonly #features: LmdbReader;
  readonly #labels: LmdbReader | undefined;
  readonly #folder: string;

  /** @throws DataSourceError where the stage has no features */
  constructor(dataset: string, stage: Stage) {
    this.#folder = join(dataset, `${stage}_db`);
    this.#features = openLmdb(join(this.#folder, "features"));
    this.count = this.#features.entries;
    const labels = join(this.#folder, "labels");
    this.#labels = existsSync(labels) ? openLmdb(labels) : undefined;
  }

  /** The image of a record; undefined where there is no such record. */
  image(index: number): Promise<FloatImage | undefined> {
    return this.#planes(this.#features, index, "features");
  }

  /** The label map of a record; undefined where the dataset has none. */
  async label(index: number): Promise<ClassMap | undefined> {
    const found = this.#labels && (await this.#planes(this.#labels, index, "labels"));
    if (!found) return undefined;
    const { width, height, data } = found;
    return { width, height, classes: Uint8Array.from(data.subarray(0, width * height)) };
  }

  close(): void {
    this.#features.close();
    this.#labels?.close();
  }

  async #planes(reader: LmdbReader, index: number, what: string): Promise<FloatImage | undefined> {
    const key = String(index).padStart(9, "0");
    const value = reader.get(key);
    if (!value) return undefined;
    const name = `${join(this.#folder, what)}: record ${key}`;
    const planes = await imageOf(decodeDatum(value, name), name);
    return { ...planes, data: Float32Array.from(planes.data) };
  }
}

/** The size of a record's pixels, where its source told. */
export function spacingOf({ rowMm, columnMm }: RecordFacts = {}): PixelSpacing | undefined {
  const isLength = (value: unknown): value is number => typeof value === "number" && value > 0;
  return isLength(rowMm) && isLength(columnMm) ? { rowMm, columnMm } : undefined;
}

/** What is known of each record of a stage, and the names of the classes; empty for datasets of others. */
export function datasetFacts(
  dataset: string,
  stage: Stage,
): { readonly records: readonly RecordFacts[]; readonly classNames: readonly string[] } {
  try {
    const content = JSON.parse(readFileSync(join(dataset, DATASET_FILE), "utf8")) as {
      readonly classNames?: readonly string[];
      readonly train?: { readonly records?: readonly RecordFacts[] };
      readonly val?: { readonly records?: readonly RecordFacts[] };
    };
    return { records: content[stage]?.records ?? [], classNames: content.classNames ?? [] };
  } catch {
    return { records: [], classNames: [] };
  }
}
