/**
 * @file Damage to binary messages that leaves their framing whole: fields lost, doubled, moved,
 * renumbered, with other values or of another type, and all lengths right, so that what is wrong
 * comes through to the code behind the parser.
 */
import { mutateBytes, varint } from "./mutate-bytes.ts";
import type { Random } from "./random.ts";

interface Field {
  number: number;
  wireType: number;
  /** What follows the tag, without the length where there is one. */
  bytes: Uint8Array;
  /** What the bytes hold if they can be read as a message. */
  fields?: Field[] | undefined;
}

const LENGTH = 2;
/** Doubled again and again, fields would make inputs whose size alone takes the time of a hang. */
const MAX_BYTES = 1 << 18;
const NUMBERS = [
  0,
  1,
  2,
  -1,
  -2,
  3,
  32,
  33,
  255,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53,
];

/** The message with one to four of its fields, at any depth, changed. */
export function mutateMessage(
  seed: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  const fields = parse(seed);
  if (!fields || fields.length === 0) return mutateBytes(seed, random, others);
  for (let left = 1 + random.below(4); left > 0; left--) {
    const lists = [fields, ...nestedLists(fields)].filter((list) => list.length > 0);
    if (lists.length === 0) break;
    mutateList(random.pick(lists), random, others);
  }
  return serialize(fields).subarray(0, MAX_BYTES);
}

function mutateList(list: Field[], random: Random, others: readonly Uint8Array[]): void {
  const at = random.below(list.length);
  const field = list[at]!;
  switch (random.below(7)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1: {
      const copies = Array.from(
        { length: 1 + random.below(random.oneIn(8) ? 300 : 3) },
        () => field,
      );
      list.splice(at, 0, ...structuredClone(copies));
      return;
    }
    case 2:
      field.number = random.oneIn(2) ? random.pick(list).number : 1 + random.below(300);
      return;
    case 3:
      list.splice(random.below(list.length), 0, ...list.splice(at, 1));
      return;
    case 4: {
      // Another value of the same type, or of another one.
      if (random.oneIn(4)) field.wireType = random.pick([0, 1, 2, 5]);
      field.fields = undefined;
      field.bytes = newValue(field, random, others);
      return;
    }
    case 5:
      if (field.fields) field.fields.push(structuredClone(random.pick(list)));
      return;
    default:
      if (field.wireType === 0) field.bytes = newValue(field, random, others);
  }
}

function newValue({ wireType, bytes }: Field, random: Random, others: readonly Uint8Array[]) {
  if (wireType === 0) return varint(BigInt(random.pick(NUMBERS)));
  if (wireType !== LENGTH) return mutatedTo(bytes, wireType === 1 ? 8 : 4, random);
  return bytes.length === 0 ? Uint8Array.of(random.below(256)) : mutateBytes(bytes, random, others);
}

function mutatedTo(bytes: Uint8Array, size: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) =>
    random.oneIn(2) ? random.below(256) : (bytes[i] ?? 0),
  );
}

function nestedLists(fields: readonly Field[]): Field[][] {
  return fields.flatMap(({ fields: inner }) => (inner ? [inner, ...nestedLists(inner)] : []));
}

/** @returns undefined where the bytes are no message */
function parse(bytes: Uint8Array, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (!tag || tag.value < 8 || tag.value > 2 ** 32) return undefined;
    const wireType = tag.value & 7;
    const number = Math.floor(tag.value / 8);
    let start = tag.end;
    let end: number;
    if (wireType === 0) end = readVarint(bytes, start)?.end ?? Number.POSITIVE_INFINITY;
    else if (wireType === 1) end = start + 8;
    else if (wireType === 5) end = start + 4;
    else if (wireType === LENGTH) {
      const length = readVarint(bytes, start);
      start = length?.end ?? start;
      end = start + (length?.value ?? Number.POSITIVE_INFINITY);
    } else return undefined;
    if (end > bytes.length) return undefined;
    const value = bytes.slice(start, end);
    const isShort = wireType === LENGTH && value.length > 0 && depth < 8;
    fields.push({
      number,
      wireType,
      bytes: value,
      fields: isShort ? parse(value, depth + 1) : undefined,
    });
    at = end;
  }
  return fields;
}

function readVarint(bytes: Uint8Array, start: number) {
  let value = 0;
  for (let i = 0; i < 10 && start + i < bytes.length; i++) {
    const byte = bytes[start + i]!;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, end: start + i + 1 };
  }
  return undefined;
}

function serialize(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ number, wireType, bytes, fields: inner }) => {
    const value = inner && wireType === LENGTH ? serialize(inner) : bytes;
    const tag = varint(BigInt(number * 8 + wireType));
    return wireType === LENGTH ? [tag, varint(BigInt(value.length)), value] : [tag, value];
  });
  return Buffer.concat(parts);
}
