/** @file What the studio and the processes that test an image or check a network say to each other. */
import type { CheckResult, TestResult } from "../api-types.ts";

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

export type CheckReply = { readonly result: CheckResult } | { readonly error: string };
