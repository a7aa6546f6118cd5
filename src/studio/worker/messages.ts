/** @file What the studio and the process that tests an image say to each other. */
import type { TestResult } from "../api-types.ts";

export type SegmentRequest = {
  /** The job. */
  readonly folder: string;
  /** The snapshot's iteration; the newest if absent. */
  readonly iter?: number | undefined;
} & (
  | { readonly file: string }
  | { readonly dataset: string; readonly stage: "train" | "val"; readonly index: number }
);

export interface SegmentReply {
  readonly result: Omit<TestResult, "title" | "classNames">;
}
