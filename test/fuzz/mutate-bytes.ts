/** @file Damage to bytes of any kind: what disks, cables, and people who mean harm do to files. */
import type { Random } from "./random.ts";

type Mutation = (bytes: Buffer, random: Random, others: readonly Uint8Array[]) => Buffer;

/** Inputs do not grow beyond this. */
const MAX_BYTES = 1 << 20;

/** Numbers at the edges of what fields of 8, 16, 32 and 64 bits, signed or not, hold. */
const EDGES: readonly bigint[] = [7n, 8n, 15n, 16n, 31n, 32n, 33n, 53n, 63n, 64n].flatMap(
  (bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n],
);
const EDGE_BYTES = [0, 1, 2, 4, 8, 16, 32, 64, 127, 128, 254, 255];

/** A place; half of them in the first bytes of a page of 4 KiB, where databases have their headers. */
function place(bytes: Uint8Array, random: Random): number {
  if (bytes.length <= 4096 || random.oneIn(2)) return random.below(bytes.length);
  const page = random.below(Math.ceil(bytes.length / 4096));
  return Math.min(4096 * page + random.below(96), bytes.length - 1);
}

function range(bytes: Uint8Array, random: Random): [start: number, end: number] {
  const start = place(bytes, random);
  const longest = random.oneIn(4) ? bytes.length : 16;
  return [start, Math.min(bytes.length, start + 1 + random.below(longest))];
}

const put = (bytes: Buffer, at: number, values: Uint8Array): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(values.subarray(0, bytes.length - at), at);
  return copy;
};

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = place(bytes, random);
    return put(bytes, at, Uint8Array.of(bytes[at]! ^ (1 << random.below(8))));
  },
  function setByte(bytes, random) {
    const value = random.oneIn(2) ? random.pick(EDGE_BYTES) : random.below(256);
    return put(bytes, place(bytes, random), Uint8Array.of(value));
  },
  function setInteger(bytes, random) {
    const size = random.pick([2, 4, 8]);
    return put(bytes, place(bytes, random), littleEndian(edge(random), size));
  },
  function setVarint(bytes, random) {
    return put(bytes, place(bytes, random), varint(edge(random)));
  },
  function insertVarint(bytes, random) {
    const at = place(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), varint(edge(random)), bytes.subarray(at)]);
  },
  function cutOff(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
  function removeRange(bytes, random) {
    const [start, end] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  function repeatRange(bytes, random) {
    const [start, end] = range(bytes, random);
    const most = Math.floor(MAX_BYTES / (end - start));
    const times = Math.min(most, 2 + random.below(random.oneIn(8) ? 1000 : 4));
    const copies = Array<Buffer>(times).fill(bytes.subarray(start, end));
    return Buffer.concat([bytes.subarray(0, start), ...copies, bytes.subarray(end)]);
  },
  function copyRange(bytes, random) {
    const [start, end] = range(bytes, random);
    return put(bytes, place(bytes, random), bytes.subarray(start, end));
  },
  function splice(bytes, random, others) {
    const other = random.pick(others);
    if (other.length === 0) return bytes;
    const tail = other.subarray(random.below(other.length));
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), tail]);
  },
];

/** The bytes with one to six mutations. */
export function mutateBytes(
  seed: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  let bytes: Buffer = Buffer.from(seed);
  for (let left = 1 + Math.min(random.below(8), random.below(6)); left > 0; left--) {
    if (bytes.length === 0) break;
    bytes = random.pick(MUTATIONS)(bytes, random, others).subarray(0, MAX_BYTES);
  }
  return bytes;
}

function edge(random: Random): bigint {
  return random.oneIn(4) ? BigInt(random.below(2 ** 32)) : random.pick(EDGES);
}

function littleEndian(value: bigint, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.subarray(0, size);
}

/** A number as protobuf writes it: seven bits a byte, the lowest first. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
