/** @file Random messages of any type, for properties that must hold for all of them. */
import fc from "fast-check";
import { arrayTypeOf, enumDescriptor, messageDescriptor } from "../../src/schema/descriptor.ts";
import type { FieldDescriptor } from "../../src/schema/field.ts";
import { createMessage, type MessageName, type MessageTypes } from "../../src/schema/index.ts";

/** Deeper messages have no further messages in them. */
const MAX_DEPTH = 3;

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 12 }).map((bytes) => new Uint8Array(bytes)),
  double: fc.double({ noNaN: true }),
  float: fc.float({ noNaN: true }),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  string: fc.string({
    unit: fc.constantFrom(..."ab '\"\\\n\t\0é€😀?".match(/./gsu)!),
    maxLength: 8,
  }),
  uint32: fc.nat(2 ** 32 - 1),
};

function valueFor(field: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  if (field.type === "message") return arbitraryMessage(field.message!, depth + 1);
  if (field.type === "enum") return fc.constantFrom(...enumDescriptor(field).numbers.keys());
  return scalars[field.type]!;
}

function fieldOf(name: MessageName, field: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  const value = valueFor(field, depth);
  if (field.required) return value;
  if (!field.repeated) return fc.option(value, { nil: undefined, freq: 2 });
  const list = fc.array(value, { maxLength: 2, size: "max" });
  const type = arrayTypeOf(name, field);
  if (!type) return list;
  return list.map((items) => (items.length > 0 ? type.from(items.map(Number)) : undefined));
}

/** Messages with every kind of field, absent fields left out. */
export function arbitraryMessage<N extends MessageName>(
  name: N,
  depth = 0,
): fc.Arbitrary<MessageTypes[N]> {
  const fields = messageDescriptor(name).fields.filter(
    (field) =>
      !field.name.startsWith("raw_") &&
      (field.required || field.type !== "message" || depth < MAX_DEPTH),
  );
  // A handful of fields each: all of them at once would be thousands of values.
  return fc
    .subarray(fields, { minLength: 0, maxLength: Math.min(6, fields.length) })
    .chain((some) => {
      const chosen = fields.filter((field) => field.required || some.includes(field));
      return fc.tuple(...chosen.map((field) => fieldOf(name, field, depth))).map((values) => {
        const entries = chosen.map((field, i) => [field.key, values[i]] as const);
        const present = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
        return createMessage(name, present as Partial<MessageTypes[N]>);
      });
    });
}
