/** @file What the server and the test pages say to each other; types only. */
import type { ClassScore } from "../job/class-map.ts";
import type { ArrayStatistics } from "../job/array-statistics.ts";
import type { EvaluationSummary, ScoredRecord } from "../job/evaluation-summary.ts";

export type Stage = "train" | "val";
type Color = readonly [red: number, green: number, blue: number];

/** A segmentation, ready to be drawn; planes are base64. */
export interface TestResult {
  /** Case and slice, or the file's name. */
  readonly title: string;
  /** The snapshot's iteration. */
  readonly iter: number;
  readonly width: number;
  readonly height: number;
  /** 1 gray or 3 RGB values a pixel. */
  readonly channels: number;
  readonly image: string;
  /** The values that `image` shows black and white. */
  readonly window: { readonly low: number; readonly high: number };
  /** One class a pixel. */
  readonly classes: string;
  readonly label?: string | undefined;
  readonly classCount: number;
  readonly classNames: readonly string[];
  /** The dataset's colours of the classes; empty where it has none. */
  readonly palette: readonly Color[];
  readonly scores: readonly ClassScore[];
  /** Where every layer was asked for. */
  readonly layers?: readonly ShownLayer[] | undefined;
}

/** A layer's weights, or a blob that it makes, as a page shows them. */
export interface ShownArray {
  readonly shape: readonly number[];
  readonly statistics: ArrayStatistics;
  readonly dead: { readonly count: number; readonly of: number };
  readonly tiles?:
    | {
        /** base64. */
        readonly png: string;
        readonly width: number;
        readonly height: number;
        readonly shown: number;
        readonly of: number;
      }
    | undefined;
}

export interface ShownLayer {
  readonly name: string;
  readonly type: string;
  readonly parameters: number;
  readonly weights?: ShownArray | undefined;
  readonly activations: readonly (ShownArray & {
    readonly blob: string;
    readonly changedBy: readonly string[];
  })[];
}

/** A test of a whole half of the dataset: done, running, or failed. */
export interface EvaluationInfo {
  /** The snapshot's. */
  readonly iter: number;
  readonly epoch: number;
  readonly stage: Stage;
  readonly status: "waiting" | "running" | "done" | "aborted" | "error";
  /** 0 to 1. */
  readonly progress: number;
  readonly error?: string | undefined;
  /** Where it is done. */
  readonly summary?: EvaluationSummary | undefined;
}

/** Everything that a finished one found. */
export interface EvaluationDetail {
  readonly iter: number;
  readonly stage: Stage;
  readonly classNames: readonly string[];
  /** Worst first. */
  readonly records: readonly ScoredRecord[];
}

export type { ClassScore, EvaluationSummary, ScoredRecord };
