/** @file What the studio and the processes that test an image or check a network say to each other. */
import type { CheckResult } from "../api-types.ts";
import type { FenceOptions } from "../../core/fence-options.ts";
import type { TestResult } from "../test-types.ts";

export type SegmentRequest = {
  /** The job. */
  readonly folder: string;
  /** The snapshot's iteration; the newest if absent. */
  readonly iter?: number | undefined;
  /** Whether every layer is looked at. */
  readonly layers?: boolean | undefined;
  readonly fence: FenceOptions | false;
} & (
  | { readonly file: string; readonly frame?: number | undefined }
  | { readonly dataset: string; readonly stage: "train" | "val"; readonly index: number }
);

export interface SegmentReply {
  readonly result: Omit<TestResult, "title" | "classNames" | "palette">;
}

export type CheckReply = { readonly result: CheckResult } | { readonly error: string };
