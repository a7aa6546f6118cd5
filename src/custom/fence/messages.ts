/** @file What a net's process and a fenced layer's say to each other, in the JSON of frames. */
import type { FillerParameter, Phase } from "../../schema/index.ts";
import type { ExportSummary } from "../export-summary.ts";
import type { Place } from "../run-compiled.ts";

/** An array of a layer: twice the number of its blob, plus 1 for the diff. */
export type ArrayRef = number;
export const dataRef = (blob: number): ArrayRef => 2 * blob;
export const diffRef = (blob: number): ArrayRef => 2 * blob + 1;
export const blobOf = (ref: ArrayRef): number => ref >> 1;
export const isDiff = (ref: ArrayRef): boolean => (ref & 1) === 1;

export type Shapes = readonly (readonly number[])[];

/** The first order: makes the layer, and runs its `setup` and its first `prepare`. */
export interface CreateOrder {
  readonly method: "create";
  readonly code: string;
  readonly scriptName: string;
  readonly className: string;
  readonly layer: { readonly name: string; readonly paramStr: string; readonly phase: Phase };
  /** Blobs by number, bottoms first; one that is worked on in place has one number. */
  readonly bottoms: readonly number[];
  readonly tops: readonly number[];
  readonly shapes: Shapes;
  /** What "cortado" exports outside the fence, by name. */
  readonly exportNames: readonly string[];
}

/** An order to a layer that has been made. */
export interface MethodOrder {
  readonly method:
    | "prepare"
    | "reshape"
    | "forward"
    | "backward"
    | "saveState"
    | "restoreState"
    | "dispose";
  /** Of all blobs, the learnable ones last. */
  readonly shapes: Shapes;
  /** Arrays whose values come along, because the method looked at them last time. */
  readonly sent: readonly ArrayRef[];
  readonly propagateDown?: readonly boolean[] | undefined;
  readonly paramPropagateDown?: readonly boolean[] | undefined;
  readonly state?: unknown;
}

export type Order = CreateOrder | MethodOrder;

/** What a layer's process asks for while it works on an order. */
export type Ask =
  /** The values of an array, of a blob that has this shape now. */
  | { readonly ask: "array"; readonly ref: ArrayRef; readonly shape: readonly number[] }
  /** Where the net's random numbers stand. */
  | { readonly ask: "random" }
  /** A learnable blob; the random numbers come along if some were drawn. */
  | {
      readonly ask: "blob";
      readonly shape: readonly number[];
      readonly filler: FillerParameter;
      readonly hasRandom: boolean;
    }
  | { readonly ask: "path"; readonly path: string }
  /** To read a file for the layer; the answer is a ticket. */
  | { readonly ask: "begin"; readonly file: FileWish }
  /** What was begun; asked only in orders that are not slept through. */
  | { readonly ask: "take"; readonly ticket: number };

export type FileWish =
  | {
      readonly kind: "image";
      readonly path: string;
      readonly form: "bgr" | "rgb" | "gray" | "index";
    }
  | { readonly kind: "npy"; readonly path: string };

/** What the bytes of a file's values are; an image has channels, rows and columns. */
export interface FileFacts {
  readonly shape: readonly number[];
  readonly type: "uint8" | "uint16" | "float32";
}

/** Numbers, where they were asked for, follow. */
export interface Answer {
  /** Why there is none. */
  readonly problem?: string;
  readonly path?: string;
  readonly ticket?: number;
  readonly file?: FileFacts;
}

/** What the class has beyond the methods that every layer has. */
export interface Hooks {
  readonly prepare: boolean;
  readonly saveState: boolean;
  readonly restoreState: boolean;
  readonly dispose: boolean;
}

export interface Done {
  readonly done: true;
  readonly shapes: Shapes;
  /** Arrays that were changed; their values follow, then the random numbers if some were drawn. */
  readonly written: readonly ArrayRef[];
  readonly hasRandom: boolean;
  /** Arrays that were looked at. */
  readonly read: readonly ArrayRef[];
  readonly state?: unknown;
  /** Of "create". */
  readonly hooks?: Hooks;
}

export interface Failed {
  readonly done: false;
  readonly text: string;
  /** Where in the compiled code. */
  readonly place?: Place | undefined;
  /** The file has no such class. */
  readonly found?: ExportSummary | undefined;
  /** `param_str` is not what it should be. */
  readonly isParamStr?: boolean | undefined;
}

export type Reply = Done | Failed;
