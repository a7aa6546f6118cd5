/** @file What the binary format says of types: wire types, tags and limits. */
import protobuf from "protobufjs/minimal.js";
import type { FieldDescriptor } from "./field.ts";

const VARINT = 0;
const FIXED64 = 1;
export const LENGTH = 2;
export const END_GROUP = 4;
const FIXED32 = 5;

/** The deepest nesting that is read, as in protobuf. */
export const MAX_DEPTH = 100;

/** The longest message, protobuf's own limit. */
export const MAX_BYTES = 2 ** 31 - 1;

const WIRE_TYPES: Readonly<Record<FieldDescriptor["type"], number>> = {
  bool: VARINT,
  bytes: LENGTH,
  double: FIXED64,
  enum: VARINT,
  float: FIXED32,
  int32: VARINT,
  int64: VARINT,
  message: LENGTH,
  string: LENGTH,
  uint32: VARINT,
};

/** How one value of the field is written. */
export function wireTypeOf(field: FieldDescriptor): number {
  return WIRE_TYPES[field.type];
}

/** The number that stands before a value: which field, and how the value is written. */
export function tagOf(field: FieldDescriptor, wireType: number = wireTypeOf(field)): number {
  return ((field.number << 3) | wireType) >>> 0;
}

/** The number of the field that these bytes, tag and value, are of. */
export function fieldNumberOf(bytes: Uint8Array): number {
  return protobuf.Reader.create(bytes).tag() >>> 3;
}
