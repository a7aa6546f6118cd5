/** @file What the net's thread and the fence's thread say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { Frame } from "./frame.ts";
import type { Launch } from "./launch.ts";

/** Starts the process of one layer. */
export interface OpenMessage {
  readonly launch: Launch;
  readonly port: MessagePort;
  /** Its one number grows with each message to the net's thread, which may sleep on it. */
  readonly bell: Int32Array<SharedArrayBuffer>;
  /** The memory that the ranges of `SendMessage` lie in. */
  readonly heap: ArrayBufferLike;
  readonly megabytes: number;
}

/** A frame for the layer's process. */
export interface SendMessage {
  readonly json: string;
  /** Address and bytes of what follows it, in the heap. */
  readonly ranges: readonly (readonly [pointer: number, bytes: number])[];
  readonly numbers?: Uint8Array | undefined;
  /** Present for an order: seconds until its end must have come. */
  readonly seconds?: number | undefined;
  /** The most bytes of numbers that may come back. */
  readonly maxBytes: number;
}

/** Why a layer's process is no more. */
export type Death =
  | { readonly why: "time"; readonly seconds: number }
  | { readonly why: "memory" }
  | { readonly why: "protocol" }
  | { readonly why: "start"; readonly problem: string }
  | { readonly why: "exit"; readonly code: number | null; readonly signal: string | null };

export type ThreadMessage =
  | { readonly type: "frame"; readonly frame: Frame }
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "death"; readonly death: Death };
