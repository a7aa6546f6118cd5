/** @file From messages to bytes: weights are handed on as they lie in memory, not copied. */
import protobuf from "protobufjs/minimal.js";
import { ModelFileError } from "../errors.ts";
import { arrayTypeOf, enumDescriptor, messageDescriptor } from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import { bytesOf, spreadRun } from "./float-runs.ts";
import { foreignNumber } from "./foreign-fields.ts";
import type { MessageName, MessageTypes } from "./generated/messages.ts";
import { type FieldValues, originOf } from "./message.ts";
import { LENGTH, MAX_BYTES, tagOf } from "./wire.ts";

type Floats = Float32Array | Float64Array;

/** Caffe's other form of a message, which has no limit of size. */
const HDF5_FORMS: { readonly [N in MessageName]?: string } = {
  NetParameter: "HDF5 has no such limit: write .caffemodel.h5, or set snapshot_format: HDF5",
  SolverState: "HDF5 has no such limit: write .solverstate.h5, or set snapshot_format: HDF5",
};

/** Pieces from this size on are not copied into their neighbours. */
const LARGE_BYTES = 4096;

/** A growing list of byte pieces; small ones are joined. */
class Pieces {
  readonly list: Uint8Array[] = [];
  length = 0;
  #writer = protobuf.Writer.create();

  /** Appends what `write` writes. */
  small(write: (writer: protobuf.Writer) => void): void {
    const before = this.#writer.len;
    write(this.#writer);
    this.length += this.#writer.len - before;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length < LARGE_BYTES) {
      this.small((writer) => writer.raw(bytes));
      return;
    }
    this.#flush();
    this.list.push(bytes);
    this.length += bytes.length;
  }

  finish(): this {
    this.#flush();
    return this;
  }

  #flush(): void {
    if (this.#writer.len === 0) return;
    this.list.push(this.#writer.finish());
    this.#writer = protobuf.Writer.create();
  }
}

/** Writes a message in one piece; for large models `encodeChunks` needs half the memory. */
export function encodeMessage<N extends MessageName>(
  name: N,
  message: MessageTypes[N],
): Uint8Array {
  const chunks = encodeChunks(name, message);
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Writes a message as pieces that make up the file one after the other. Large lists of floats are
 * views of the message's arrays: write the pieces before the arrays change.
 * @param options.fileName what an error calls the message
 * @throws ModelFileError if the message would pass protobuf's limit of 2 GiB, or holds a value that
 *   its field cannot hold
 */
export function encodeChunks<N extends MessageName>(
  name: N,
  message: MessageTypes[N],
  options: { readonly fileName?: string } = {},
): Uint8Array[] {
  const pieces = encodeFields(name, message);
  if (pieces.length > MAX_BYTES) {
    const advice = HDF5_FORMS[name];
    throw new ModelFileError(
      `${options.fileName ?? "the message"} was not written: a ${name} of ${pieces.length} bytes ` +
        `passes protobuf's limit of 2 GiB${advice ? `; ${advice}` : ""}`,
    );
  }
  return pieces.list;
}

function encodeFields(name: MessageName, message: object): Pieces {
  const pieces = new Pieces();
  const values = message as FieldValues;
  for (const field of messageDescriptor(name).fields) {
    const value = values[field.key];
    if (value === undefined) continue;
    if (arrayTypeOf(name, field)) encodeFloats(pieces, field, value as Floats);
    else if (!field.repeated) encodeItem(pieces, asNumbered(name, message, field), value);
    else if (field.packed) encodePacked(pieces, field, value as unknown[]);
    else for (const item of value as unknown[]) encodeItem(pieces, field, item);
  }
  for (const bytes of originOf(message)?.unknown ?? []) pieces.bytes(bytes);
  return pieces.finish();
}

/** The field with the number that it has in this message's file. */
function asNumbered(name: MessageName, message: object, field: FieldDescriptor): FieldDescriptor {
  const number =
    originOf(message)?.numbers?.get(field.key) ??
    foreignNumber(name, (message as FieldValues).type, field);
  return number === undefined ? field : { ...field, number };
}

function encodeFloats(pieces: Pieces, field: FieldDescriptor, floats: Floats): void {
  if (floats.length === 0) return;
  if (field.packed) {
    pieces.small((writer) => writer.uint32(tagOf(field, LENGTH)).uint32(floats.byteLength));
    pieces.bytes(bytesOf(floats));
  } else {
    const tag = protobuf.Writer.create().uint32(tagOf(field)).finish();
    pieces.bytes(spreadRun(floats, tag));
  }
}

function encodePacked(pieces: Pieces, field: FieldDescriptor, items: readonly unknown[]): void {
  if (items.length === 0) return;
  pieces.small((writer) => {
    writer.uint32(tagOf(field, LENGTH)).fork();
    for (const item of items) writeScalar(writer, field, item);
    writer.ldelim();
  });
}

function encodeItem(pieces: Pieces, field: FieldDescriptor, value: unknown): void {
  if (field.type === "message") {
    const inner = encodeFields(field.message!, value as object);
    pieces.small((writer) => writer.uint32(tagOf(field)).uint32(inner.length));
    for (const piece of inner.list) pieces.bytes(piece);
  } else if (field.type === "bytes") {
    const bytes = value as Uint8Array;
    pieces.small((writer) => writer.uint32(tagOf(field)).uint32(bytes.length));
    pieces.bytes(bytes);
  } else {
    pieces.small((writer) => writeScalar(writer.uint32(tagOf(field)), field, value));
  }
}

function writeScalar(writer: protobuf.Writer, field: FieldDescriptor, value: unknown): void {
  switch (field.type) {
    case "bool":
      writer.bool(value === true);
      return;
    case "double":
      writer.double(Number(value));
      return;
    case "enum":
      writer.int32(enumNumber(field, value));
      return;
    case "float":
      writer.float(Number(value));
      return;
    case "int32":
      writer.int32(integer(field, value, -(2 ** 31), 2 ** 31 - 1));
      return;
    case "int64":
      writer.int64(integer(field, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
      return;
    case "uint32":
      writer.uint32(integer(field, value, 0, 2 ** 32 - 1));
      return;
    default:
      writer.string(String(value));
  }
}

function enumNumber(field: FieldDescriptor, value: unknown): number {
  const number = enumDescriptor(field).numbers.get(String(value));
  if (number === undefined) {
    throw new ModelFileError(`the field ${field.name} has no value named ${value}`);
  }
  return number;
}

function integer(field: FieldDescriptor, value: unknown, min: number, max: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new ModelFileError(`the field ${field.name} (${field.type}) cannot hold ${value}`);
  }
  return number;
}
