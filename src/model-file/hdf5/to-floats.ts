/** @file Numbers as an HDF5 file stores them, to float32 as the HDF5 library converts them. */

/** A kind of stored number; little-endian, as the library hands them out. */
export interface StoredNumber {
  readonly kind: "integer" | "float";
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
}

/** Writes the values of `bytes` to `target`, from its start on. The bytes begin at a multiple of 8. */
type Converter = (bytes: Uint8Array, target: Float32Array) => void;

const LARGEST = 3.4028234663852886e38;
const MAX_EXACT = 2n ** 53n;

/** @returns undefined for a kind that nothing converts, such as floats of 16 bytes */
export function converterOf({ kind, size, signed }: StoredNumber): Converter | undefined {
  if (kind === "float") return FLOATS.get(size);
  return (signed ? SIGNED : UNSIGNED).get(size);
}

const FLOATS: ReadonlyMap<number, Converter> = new Map([
  [2, viewed(Uint16Array, halfToFloat)],
  [4, viewed(Float32Array)],
  [8, viewed(Float64Array, doubleToFloat)],
]);

const SIGNED: ReadonlyMap<number, Converter> = new Map([
  [1, viewed(Int8Array)],
  [2, viewed(Int16Array)],
  [4, viewed(Int32Array)],
  [8, bigViewed(BigInt64Array)],
]);

const UNSIGNED: ReadonlyMap<number, Converter> = new Map([
  [1, viewed(Uint8Array)],
  [2, viewed(Uint16Array)],
  [4, viewed(Uint32Array)],
  [8, bigViewed(BigUint64Array)],
]);

type View<T> = new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
) => ArrayLike<T> & { readonly BYTES_PER_ELEMENT: number };

function viewed(type: View<number>, convert?: (value: number) => number): Converter {
  return (bytes, target) => {
    const values = new type(bytes.buffer, bytes.byteOffset, target.length);
    if (convert) for (let i = 0; i < target.length; i++) target[i] = convert(values[i]!);
    else target.set(values);
  };
}

function bigViewed(type: View<bigint>): Converter {
  return (bytes, target) => {
    const values = new type(bytes.buffer, bytes.byteOffset, target.length);
    for (let i = 0; i < target.length; i++) target[i] = bigToFloat(values[i]!);
  };
}

/** The library rounds what has a neighbour in float32, and makes the rest infinite. */
function doubleToFloat(value: number): number {
  if (value > LARGEST) return Number.POSITIVE_INFINITY;
  return value < -LARGEST ? Number.NEGATIVE_INFINITY : value;
}

/** IEEE 754 half precision. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Rounds once: of more bits than a float64 has, the last ones leave a mark in the lowest that it has. */
function bigToFloat(value: bigint): number {
  const rest = value & 0x7ffn;
  const isExact = rest === 0n || (value <= MAX_EXACT && value >= -MAX_EXACT);
  return Number(isExact ? value : (value - rest) | 0x800n);
}
