/** @file What the server and the dataset pages say to each other; types only. */
import type { DatasetForm } from "./api-types.ts";
import type { Stage } from "./test-types.ts";

/** The part of the form that decides which records there will be. */
export type DatasetSources = Pick<
  DatasetForm,
  | "kind"
  | "images"
  | "contours"
  | "labels"
  | "valImages"
  | "valLabels"
  | "groupRegex"
  | "valPercent"
  | "split"
  | "seed"
>;

/** What a form would make, found without reading an image. */
export interface DatasetPreview {
  readonly train: number;
  readonly val: number;
  /** Patients, or what else must not be split. */
  readonly cases: number;
  /** Those that are in training and validation at once. */
  readonly sharedCases: number;
  /** Why records will be left out, one sentence each; the first few. */
  readonly leftOut: readonly string[];
  readonly leftOutCount: number;
}

export interface StageOverview {
  readonly stage: Stage;
  readonly count: number;
  /** 0 where records belong to nobody. */
  readonly cases: number;
  readonly classes: readonly {
    readonly name: string;
    readonly pixels: number;
    /** 0 to 1. */
    readonly share: number;
    readonly color: readonly [red: number, green: number, blue: number];
  }[];
  /** Folders of the databases, relative to the dataset's. */
  readonly features: string;
  readonly labels: string | undefined;
}

export interface DatasetOverview {
  readonly stages: readonly StageOverview[];
  readonly sharedCases: number;
  readonly encodings: { readonly features: string; readonly labels: string };
  /** Of the training images, one a channel in Caffe's order; undefined where there is no mean image. */
  readonly mean: readonly number[] | undefined;
}

export interface RecordDetail {
  readonly title: string;
  /** What `dataset.json` says of it. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly shape: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The values that are shown black and white. */
  readonly window: { readonly low: number; readonly high: number };
  readonly classes: readonly {
    readonly name: string;
    readonly pixels: number;
    readonly share: number;
  }[];
}
