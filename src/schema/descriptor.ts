/** @file The generated field tables, indexed for lookups by name and by number. */
import type { FieldDescriptor } from "./field.ts";
import { messageFields } from "./generated/descriptor.ts";
import type { MessageName } from "./generated/messages.ts";

export interface MessageDescriptor {
  readonly name: MessageName;
  /** In the order of their numbers, which is the order in which they are written. */
  readonly fields: readonly FieldDescriptor[];
  readonly byName: ReadonlyMap<string, FieldDescriptor>;
  readonly byKey: ReadonlyMap<string, FieldDescriptor>;
  readonly byNumber: ReadonlyMap<number, FieldDescriptor>;
  /** Fields that are lists in every message, even when nothing is in them. */
  readonly lists: readonly FieldDescriptor[];
  /** Whether a field of the message, or of one inside it, must be given. */
  readonly hasRequired: boolean;
}

/** Names and numbers of an enum; maps, because a file may ask for a value named "constructor". */
export interface EnumDescriptor {
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

const descriptors = new Map<MessageName, MessageDescriptor>();
const enums = new WeakMap<object, EnumDescriptor>();

export function isMessageName(name: string): name is MessageName {
  return Object.hasOwn(messageFields, name);
}

export function messageDescriptor(name: MessageName): MessageDescriptor {
  const known = descriptors.get(name);
  if (known) return known;
  const fields = messageFields[name];
  const descriptor: MessageDescriptor = {
    name,
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    byKey: new Map(fields.map((field) => [field.key, field])),
    byNumber: new Map(fields.map((field) => [field.number, field])),
    lists: fields.filter((field) => field.repeated && !arrayTypeOf(name, field)),
    hasRequired: fields.some(
      ({ required, message }) => required || (message && messageDescriptor(message).hasRequired),
    ),
  };
  descriptors.set(name, descriptor);
  return descriptor;
}

export function enumDescriptor(field: FieldDescriptor): EnumDescriptor {
  const values = field.values!;
  const known = enums.get(values);
  if (known) return known;
  const numbers = new Map(Object.entries(values));
  const names = new Map([...numbers].map(([name, number]) => [number, name]));
  const descriptor = { numbers, names };
  enums.set(values, descriptor);
  return descriptor;
}

export type FloatArrayType = Float32ArrayConstructor | Float64ArrayConstructor;

/** The typed array that holds a list of weights or pixels; it is absent when nothing is in it. */
export function arrayTypeOf(
  message: MessageName,
  field: FieldDescriptor,
): FloatArrayType | undefined {
  if (!field.repeated || (message !== "BlobProto" && message !== "Datum")) return undefined;
  if (field.type === "double") return Float64Array;
  return field.type === "float" ? Float32Array : undefined;
}
