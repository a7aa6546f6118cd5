/** @file Prototxts: from text to a message and back. */
import { PrototxtError } from "../errors.ts";
import { parseTree, TextWriter, writeDouble, writeFloat, writeString } from "../prototxt/index.ts";
import { messageFromTree, missingFields } from "./check.ts";
import { isMessageName, messageDescriptor } from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import type { MessageName, MessageTypes } from "./generated/messages.ts";
import { excerptOf, type FieldValues, locationOf, originOf } from "./message.ts";

/**
 * Parses a prototxt into a plain object.
 *
 * Fields have camelCase names (`kernelSize` for `kernel_size`); what is not given is absent, and
 * lists are always there. Old nets (V0, V1) come as they are: see `upgradeNet`.
 * @throws PrototxtError with line, column and excerpt for what protobuf would reject
 */
export function parsePrototxt<N extends MessageName>(
  text: string,
  options: { readonly message: N; readonly fileName?: string },
): MessageTypes[N] {
  const { message: name, fileName = "prototxt" } = options ?? {};
  if (!isMessageName(name)) {
    throw new PrototxtError(
      `which message is this, if not "${name}"? Call parsePrototxt(text, { message: "NetParameter" })`,
    );
  }
  const { source, fields } = parseTree(text, fileName);
  const node = { start: 0, end: source.text.length, fields };
  const message = messageFromTree(source, name, node);
  const missing = missingFields(name, message);
  if (missing.length > 0) {
    const { holder } = missing[0]!;
    const paths = missing.map(({ path }) => path).join(", ");
    throw new PrototxtError(`Message missing required fields: ${paths}`, {
      location: locationOf(holder),
      excerpt: excerptOf(holder),
    });
  }
  return message as MessageTypes[N];
}

/**
 * Writes a message as text that parses back to the same message, as protobuf prints it: fields in
 * the order of their numbers, floats as short as they can be, strings in plain ASCII.
 * @param options.message the message's name; needed only for objects that were not made by cortado and are
 *   neither a net nor a solver by the names of their fields
 */
export function printPrototxt(
  message: object,
  options: { readonly message?: MessageName } = {},
): string {
  const name = options.message ?? originOf(message)?.message ?? guessedName(message);
  if (!name) {
    throw new PrototxtError(
      'which message is this? Call printPrototxt(object, { message: "NetParameter" })',
    );
  }
  const writer = new TextWriter();
  printFields(writer, name, message as FieldValues);
  return writer.toString();
}

/** Nets and solvers are what programs put together by hand. */
function guessedName(message: object): MessageName | undefined {
  const keys = Object.keys(message);
  return (["NetParameter", "SolverParameter"] as const).find((name) =>
    keys.every((key) => messageDescriptor(name).byKey.has(key)),
  );
}

function printFields(writer: TextWriter, name: MessageName, message: FieldValues): void {
  for (const field of messageDescriptor(name).fields) {
    const value = message[field.key];
    if (value === undefined) continue;
    if (!field.repeated) printValue(writer, field, value);
    else for (const item of value as Iterable<unknown>) printValue(writer, field, item);
  }
}

function printValue(writer: TextWriter, field: FieldDescriptor, value: unknown): void {
  if (field.type === "message") {
    writer.open(field.name);
    printFields(writer, field.message!, value as FieldValues);
    writer.close();
  } else {
    writer.scalar(field.name, scalarText(field, value));
  }
}

function scalarText(field: FieldDescriptor, value: unknown): string {
  switch (field.type) {
    case "float":
      return writeFloat(Number(value));
    case "double":
      return writeDouble(Number(value));
    case "string":
    case "bytes":
      return writeString(value as string | Uint8Array);
    default:
      return String(value);
  }
}
