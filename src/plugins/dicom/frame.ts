/** @file What a decoder of compressed frames gives back, and the check that it fits the header. */
import { DataSourceError } from "../../errors.ts";

/** One decoded frame: rows * columns * components samples, interleaved. */
export interface Frame {
  readonly samples: Uint8Array | Uint16Array | Int16Array;
  /** Bits of a sample, as the compressed stream states them. */
  readonly precision: number;
  /** Whether the samples are signed already; undefined when the stream cannot tell. */
  readonly signed: boolean | undefined;
}

/** The size that the header demands of every frame. */
export interface FrameSize {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
}

/** Compared before anything is decoded, so that no stream can make us allocate more than the header says. */
export function checkFrameSize(codec: string, stated: FrameSize, expected: FrameSize): void {
  const agree =
    stated.rows === expected.rows &&
    stated.columns === expected.columns &&
    stated.components === expected.components;
  if (!agree) {
    throw new DataSourceError(
      `its ${codec} stream is ${describe(stated)}, but the header says ${describe(expected)}`,
    );
  }
}

function describe({ rows, columns, components }: FrameSize): string {
  return `${columns}x${rows} with ${components} component${components === 1 ? "" : "s"}`;
}
