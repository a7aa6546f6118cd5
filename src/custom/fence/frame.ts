/**
 * @file Frames, in which a net's process and a fenced layer's talk: a header of four 32-bit words
 * (mark, kind, bytes of JSON, bytes of numbers), the JSON, the numbers.
 */
export const HEADER_BYTES = 16;
const MARK = 0x636e6566; // "fenc"

/** A child asks something while it works, or ends its answer. */
export const kinds = { order: 0, ask: 1, end: 2 } as const;
export type FrameKind = (typeof kinds)[keyof typeof kinds];

/** What a frame is, before its content has come. */
export interface FrameHeader {
  readonly kind: number;
  readonly jsonBytes: number;
  readonly numberBytes: number;
}

export interface Frame {
  readonly kind: number;
  readonly json: string;
  /** Starts at a multiple of four bytes. */
  readonly numbers: Uint8Array<ArrayBuffer>;
}

/** JSON names methods, shapes and messages; more than this is none of them. */
export const MAX_JSON_BYTES = 16 * 2 ** 20;

export function writeHeader({ kind, jsonBytes, numberBytes }: FrameHeader): Uint8Array {
  return new Uint8Array(Uint32Array.of(MARK, kind, jsonBytes, numberBytes).buffer);
}

/** @returns `undefined` for bytes that are no header */
export function readHeader(bytes: Uint8Array): FrameHeader | undefined {
  const [mark, kind, jsonBytes, numberBytes] = new Uint32Array(
    Uint8Array.from(bytes.subarray(0, HEADER_BYTES)).buffer,
  ) as Uint32Array & [number, number, number, number];
  return mark === MARK ? { kind, jsonBytes, numberBytes } : undefined;
}
