/** @file From bytes to messages: protobufjs reads the numbers, our tables say what they mean. */
import protobuf from "protobufjs/minimal.js";
import { ModelFileError } from "../errors.ts";
import { missingFields } from "./check.ts";
import {
  arrayTypeOf,
  enumDescriptor,
  type MessageDescriptor,
  messageDescriptor,
} from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import { collectRun, floatsFromBytes, floatsInPlace } from "./float-runs.ts";
import { foreignFieldAt } from "./foreign-fields.ts";
import type { MessageName, MessageTypes } from "./generated/messages.ts";
import { emptyMessage, type FieldValues, originOf, setOrigin } from "./message.ts";
import { convertRawData } from "./raw-data.ts";
import { END_GROUP, LENGTH, MAX_DEPTH, tagOf, wireTypeOf } from "./wire.ts";

type Reader = protobuf.Reader;

/** A message that is being read. */
interface Target {
  readonly descriptor: MessageDescriptor;
  readonly values: FieldValues;
  /** Pieces of lists of floats, joined when the message ends. */
  readonly pieces: Map<FieldDescriptor, Uint8Array[]>;
  /** Fields that the schema does not know, or knows with another type. */
  readonly unknown: Uint8Array[];
  /** Numbers of foreign fields, by their keys. */
  readonly numbers: Map<string, number>;
  /** The type of a layer, which says what its fields of other forks are. */
  readonly layerType: unknown;
  readonly depth: number;
  /** Whether lists of floats may stay where they are. */
  readonly inPlace: boolean;
}

/**
 * Reads a binary message.
 *
 * Lists of weights become typed arrays with one copy; `bytes` fields are views of `bytes`. Fields
 * that the schema does not know are kept and written again by `encodeMessage`.
 * @param options.fileName what an error calls the bytes
 * @param options.ownsBytes nobody else needs `bytes`: lists of weights are views of them, too, and
 *   their surroundings are overwritten
 * @throws ModelFileError if the bytes are no such message, or end too early
 */
export function decodeMessage<N extends MessageName>(
  name: N,
  bytes: Uint8Array,
  options: { readonly fileName?: string; readonly ownsBytes?: boolean } = {},
): MessageTypes[N] {
  const reader = protobuf.Reader.create(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  const { fileName = "the message", ownsBytes = false } = options;
  let message: object;
  try {
    message = readMessage(reader, name, emptyMessage(name), 0, ownsBytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFileError(
      `${fileName} cannot be read as a ${name}: it is damaged or cut off near byte ${reader.pos} ` +
        `of ${bytes.length} (${reason})`,
      { cause },
    );
  }
  const missing = missingFields(name, message).map(({ path }) => path);
  if (missing.length > 0) {
    throw new ModelFileError(`${fileName}: Message missing required fields: ${missing.join(", ")}`);
  }
  return message as MessageTypes[N];
}

/** Reads fields up to `reader.len` into `values`, which a second part of a message may have filled. */
function readMessage(
  reader: Reader,
  name: MessageName,
  values: FieldValues,
  depth: number,
  inPlace: boolean,
): FieldValues {
  if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} messages`);
  const descriptor = messageDescriptor(name);
  const target: Target = {
    descriptor,
    values,
    pieces: new Map(),
    unknown: [],
    numbers: new Map(originOf(values)?.numbers),
    layerType: name === "LayerParameter" ? (layerTypeAhead(reader) ?? values.type) : undefined,
    depth,
    inPlace,
  };
  while (reader.pos < reader.len) readField(reader, target);
  for (const [field, pieces] of target.pieces) {
    joinPieces(target, field, pieces);
  }
  const unknown = [...(originOf(values)?.unknown ?? []), ...target.unknown];
  setOrigin(values, {
    message: name,
    ...(unknown.length > 0 && { unknown }),
    ...(target.numbers.size > 0 && { numbers: target.numbers }),
  });
  if (name === "BlobProto") convertRawData(values);
  return values;
}

/** The type of the layer whose fields come next: they may stand in any order, the type behind others. */
function layerTypeAhead(reader: Reader): string | undefined {
  const start = reader.pos;
  const tag = tagOf(messageDescriptor("LayerParameter").byName.get("type")!);
  let found: string | undefined;
  try {
    while (reader.pos < reader.len) {
      const next = reader.tag();
      if (next === tag) found = reader.string();
      else reader.skipType(next & 7, 0, next >>> 3);
    }
  } catch {
    // Reading the fields will come to the damaged place, and say so.
  }
  reader.pos = start;
  return found;
}

function joinPieces(target: Target, field: FieldDescriptor, pieces: Uint8Array[]): void {
  const { descriptor, values, inPlace } = target;
  const type = arrayTypeOf(descriptor.name, field)!;
  const before = values[field.key];
  const all = ArrayBuffer.isView(before)
    ? [new Uint8Array(before.buffer, before.byteOffset, before.byteLength), ...pieces]
    : pieces;
  const moves = inPlace && all.length === 1 && type === Float32Array;
  values[field.key] = (moves && floatsInPlace(all[0]!)) || floatsFromBytes(type, all);
}

function readField(reader: Reader, target: Target): void {
  const start = reader.pos;
  const tag = reader.tag();
  const valueStart = reader.pos;
  const wireType = tag & 7;
  const number = tag >>> 3;
  const { descriptor, layerType } = target;
  if (number === 0 || wireType === END_GROUP) throw new RangeError("illegal tag");
  const foreign = foreignFieldAt(descriptor.name, layerType, number);
  if (foreign) {
    if (wireType === LENGTH && readForeign(reader, target, foreign, number)) return;
  } else {
    const field = descriptor.byNumber.get(number);
    if (field && readKnown(reader, target, field, wireType, start)) return;
  }
  if (reader.pos === valueStart) reader.skipType(wireType, 0, number);
  target.unknown.push(new Uint8Array(reader.buf.subarray(start, reader.pos)));
}

/**
 * @returns false if the field is unknown after all: written in another type than the schema's
 *   (nothing was read then), or a value that its enum does not have
 */
function readKnown(
  reader: Reader,
  target: Target,
  field: FieldDescriptor,
  wireType: number,
  start: number,
): boolean {
  const isPlain = wireType === wireTypeOf(field);
  const isPacked = !isPlain && field.repeated && wireType === LENGTH;
  if (!isPlain && !isPacked) return false;
  if (arrayTypeOf(target.descriptor.name, field)) {
    readPiece(reader, target, field, isPacked, start);
    return true;
  }
  const { values } = target;
  if (isPacked) {
    withinLength(reader, () => readPackedList(reader, target, field));
    return true;
  }
  if (field.repeated) return readListItem(reader, target, field);
  const value = readValue(reader, target, field, values[field.key]);
  if (value === undefined) return false;
  values[field.key] = value;
  return true;
}

/** @returns false, with nothing read, if the bytes are no such message: then another fork wrote them */
function readForeign(
  reader: Reader,
  { values, numbers, depth }: Target,
  field: FieldDescriptor,
  number: number,
): boolean {
  if (values[field.key] !== undefined) return false;
  const [start, end] = [reader.pos, reader.len];
  const name = field.message!;
  try {
    const message = withinLength(reader, () =>
      // What turns out to be no such message is read again.
      readMessage(reader, name, emptyMessage(name), depth + 1, false),
    );
    if (!originOf(message)?.unknown && missingFields(name, message).length === 0) {
      values[field.key] = message;
      numbers.set(field.key, number);
      return true;
    }
  } catch {
    // Whatever it was, it is not this message.
  }
  reader.pos = start;
  reader.len = end;
  return false;
}

function readPackedList(reader: Reader, target: Target, field: FieldDescriptor): void {
  while (reader.pos < reader.len) {
    const start = reader.pos;
    if (readListItem(reader, target, field)) continue;
    // A value that the enum does not have is kept as if it had come by itself.
    const tag = protobuf.Writer.create().uint32(tagOf(field)).finish();
    target.unknown.push(Buffer.concat([tag, reader.buf.subarray(start, reader.pos)]));
  }
}

function readListItem(reader: Reader, target: Target, field: FieldDescriptor): boolean {
  const value = readValue(reader, target, field, undefined);
  if (value === undefined) return false;
  (target.values[field.key] as unknown[]).push(value);
  return true;
}

function readPiece(
  reader: Reader,
  { descriptor, pieces }: Target,
  field: FieldDescriptor,
  isPacked: boolean,
  start: number,
): void {
  let piece: Uint8Array;
  if (isPacked) {
    piece = reader.bytes();
  } else {
    const size = arrayTypeOf(descriptor.name, field)!.BYTES_PER_ELEMENT;
    if (reader.pos + size > reader.len) throw new RangeError("index out of range");
    const run = collectRun(reader.buf, start, reader.pos, reader.len, size);
    piece = run.piece;
    reader.pos = run.end;
  }
  const list = pieces.get(field);
  if (list) list.push(piece);
  else pieces.set(field, [piece]);
}

/** @returns undefined for an enum value that the schema does not know */
function readValue(
  reader: Reader,
  target: Target,
  field: FieldDescriptor,
  before: unknown,
): unknown {
  switch (field.type) {
    case "bool":
      return reader.bool();
    case "bytes": {
      const bytes = reader.bytes();
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    case "double":
      return reader.double();
    case "enum":
      return enumDescriptor(field).names.get(reader.int32());
    case "float":
      return reader.float();
    case "int32":
      return reader.int32();
    case "int64":
      return safeInteger(reader.int64());
    case "message": {
      // A message that comes in two parts is merged, as everywhere in protobuf.
      const values = (before as FieldValues | undefined) ?? emptyMessage(field.message!);
      return withinLength(reader, () =>
        readMessage(reader, field.message!, values, target.depth + 1, target.inPlace),
      );
    }
    case "string":
      return reader.string();
    case "uint32":
      return reader.uint32();
  }
}

/** Runs `read` with the reader ending where the length that comes next says. */
function withinLength<T>(reader: Reader, read: () => T): T {
  const length = reader.size();
  const outerEnd = reader.len;
  const end = reader.pos + length;
  if (end > outerEnd) throw new RangeError(`index out of range: ${end} > ${outerEnd}`);
  reader.len = end;
  const result = read();
  reader.len = outerEnd;
  return result;
}

function safeInteger({ low, high }: ReturnType<Reader["int64"]>): number {
  const value = high * 2 ** 32 + (low >>> 0);
  if (!Number.isSafeInteger(value)) throw new RangeError(`integer out of range: ${value}`);
  return value;
}
