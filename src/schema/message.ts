/** @file Making messages, and what is known of a message besides its fields. */
import type { Location } from "../errors.ts";
import type { FieldNode, MessageNode, Source } from "../prototxt/index.ts";
import { messageDescriptor } from "./descriptor.ts";
import type { DefaultedKeys, MessageName, MessageTypes } from "./generated/messages.ts";

/** Where a message comes from. */
interface Origin {
  readonly message: MessageName;
  readonly source?: Source | undefined;
  /** The message's tree, or that of a whole file. */
  readonly node?: Pick<MessageNode, "start" | "end" | "fields"> | undefined;
  /** The field that holds the message. */
  readonly field?: FieldNode | undefined;
  /** Fields of a binary message that the schema does not know, as they were read. */
  readonly unknown?: readonly Uint8Array[] | undefined;
  /** The numbers under which foreign fields of a binary message stood, by their keys. */
  readonly numbers?: ReadonlyMap<string, number> | undefined;
}

const origins = new WeakMap<object, Origin>();

export function setOrigin(message: object, origin: Origin): void {
  origins.set(message, origin);
}

export function originOf(message: object): Origin | undefined {
  return origins.get(message);
}

/** A message with fields filled by name: lists that are not given are empty. */
export function createMessage<N extends MessageName>(
  name: N,
  fields: Partial<MessageTypes[N]> = {},
): MessageTypes[N] {
  const message: object = { ...emptyMessage(name), ...fields };
  setOrigin(message, { message: name });
  return message as MessageTypes[N];
}

/** Any message while its fields are filled in by name. */
export type FieldValues = Record<string, unknown>;

export function emptyMessage(name: MessageName): FieldValues {
  const message: FieldValues = {};
  for (const field of messageDescriptor(name).lists) message[field.key] = [];
  return message;
}

/** A copy with some fields replaced; nested messages are shared, and the place in the file is kept. */
export function copyMessage<T extends object>(message: T, changes: Partial<T> = {}): T {
  const copy = { ...message, ...changes };
  const origin = originOf(message);
  if (origin) setOrigin(copy, origin);
  return copy;
}

/**
 * Makes `values` a message that stands where another one stands in the file: its upgraded form.
 * Fields that the schema does not know stay with a message of the same type; in another type, their
 * numbers may mean something else.
 * @param kept those that stay nevertheless
 */
export function deriveMessage<N extends MessageName>(
  name: N,
  values: object,
  from: object,
  kept?: readonly Uint8Array[],
): MessageTypes[N] {
  const origin = originOf(from);
  const { source, node, field } = origin ?? {};
  const moved = { message: name, source, node, field, unknown: kept };
  setOrigin(values, origin?.message === name ? origin : moved);
  return values as MessageTypes[N];
}

/** A message with the schema's defaults filled in: fields that have one are never absent. */
export type Resolved<N extends MessageName> = MessageTypes[N] &
  Required<Pick<MessageTypes[N], DefaultedKeys[N] & keyof MessageTypes[N]>>;

/**
 * A copy of a message in which every field that is absent has the schema's default, if it has one.
 * Nested messages stay as they are.
 */
export function withDefaults<N extends MessageName>(
  name: N,
  message: MessageTypes[N] | undefined,
): Resolved<N> {
  const copy: FieldValues = { ...emptyMessage(name) };
  for (const field of messageDescriptor(name).fields) {
    if (field.default === undefined) continue;
    copy[field.key] = field.type === "float" ? Math.fround(Number(field.default)) : field.default;
  }
  Object.assign(copy, message);
  setOrigin(copy, (message && originOf(message)) ?? { message: name });
  return copy as Resolved<N>;
}

/**
 * Where a message, or one field of it, stands in the prototxt that it was parsed from.
 * @param field a camelCase name, or a path of names such as `"poolingParam.padH"`; where a part is
 *   absent, the place of the message around it
 */
export function locationOf(message: object, field?: string): Location | undefined {
  const place = placeOf(message, field);
  return place?.source.locationAt(place.start);
}

/** The line of `locationOf` with a caret under the message's name or the field's. */
export function excerptOf(message: object, field?: string): string | undefined {
  const place = placeOf(message, field);
  return place?.source.excerptOf(place);
}

function placeOf(
  message: object,
  path?: string,
): { source: Source; start: number; end: number } | undefined {
  const origin = originOf(message);
  if (!origin?.source || !origin.node) return undefined;
  const span = origin.field ?? { start: origin.node.start, end: origin.node.start + 1 };
  const place = { source: origin.source, start: span.start, end: span.end };
  if (!path) return place;
  const [key, ...rest] = path.split(".");
  const value = (message as FieldValues)[key!];
  const nested = Array.isArray(value) ? value[0] : value;
  if (rest.length > 0 && typeof nested === "object" && nested !== null) {
    return placeOf(nested, rest.join(".")) ?? place;
  }
  const name = messageDescriptor(origin.message).byKey.get(key!)?.name;
  const field = origin.node.fields.find((node) => node.name === name);
  return field ? { source: origin.source, start: field.start, end: field.end } : place;
}
