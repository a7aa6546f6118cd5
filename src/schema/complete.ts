/** @file Messages that a program wrote by hand: what they leave out is filled in, what is wrong is said. */
import { NetDefinitionError } from "../errors.ts";
import { didYouMean } from "../prototxt/index.ts";
import { missingFields } from "./check.ts";
import { arrayTypeOf, enumDescriptor, messageDescriptor } from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import type { MessageName, MessageTypes } from "./generated/messages.ts";
import { copyMessage, type FieldValues, originOf, setOrigin } from "./message.ts";

/** A message as a program may write it: any field may be left out, lists too, all the way down. */
export type Draft<T> = T extends Uint8Array | Float32Array | Float64Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Draft<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
      : T;

/**
 * The message that a draft stands for: lists that it leaves out are empty. A message that has them all is
 * given back as it is.
 * @throws NetDefinitionError for a field that the schema does not know, a value of another type, and a
 *   required field that is missing
 */
export function completeMessage<N extends MessageName>(
  name: N,
  draft: Draft<MessageTypes[N]>,
): MessageTypes[N] {
  const message = complete(name, draft, "");
  const [missing] = missingFields(name, message);
  if (missing) throw new NetDefinitionError(`Message missing required fields: ${missing.path}`);
  return message as MessageTypes[N];
}

/** @param path of the message in the whole, with a dot at its end: `layer[0].` */
function complete(name: MessageName, draft: unknown, path: string): object {
  if (typeof draft !== "object" || draft === null || Array.isArray(draft)) {
    const where = path === "" ? "" : `${path.slice(0, -1)}: `;
    throw new NetDefinitionError(`${where}expected a ${name}, got ${shown(draft)}`);
  }
  const { byKey, lists } = messageDescriptor(name);
  const changes: FieldValues = {};
  for (const [key, value] of Object.entries(draft)) {
    const field = byKey.get(key);
    if (!field) throw unknownField(name, key, path);
    if (value === undefined) continue;
    const whole = completeField(name, field, value, path + key);
    if (whole !== value) changes[key] = whole;
  }
  const values: FieldValues = { ...draft };
  for (const { key } of lists) if (values[key] === undefined) changes[key] = [];
  if (Object.keys(changes).length === 0) return draft;
  const copy = copyMessage(values, changes);
  setOrigin(copy, originOf(draft) ?? { message: name });
  return copy;
}

function completeField(
  name: MessageName,
  field: FieldDescriptor,
  value: unknown,
  path: string,
): unknown {
  if (!field.repeated) return completeItem(field, value, path);
  const type = arrayTypeOf(name, field);
  if (type && ArrayBuffer.isView(value)) return value;
  const given = listOf(value);
  if (!given) throw new NetDefinitionError(`${path}: expected a list, got ${shown(value)}`);
  const items = given.map((item, i) => completeItem(field, item, `${path}[${i}]`));
  if (type) return type.from(items as number[]);
  return given === value && items.every((item, i) => item === given[i]) ? value : items;
}

/** Numbers may come in typed arrays, as a blob's shape does in some programs. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : undefined;
}

function completeItem(field: FieldDescriptor, value: unknown, path: string): unknown {
  if (field.type === "message") return complete(field.message!, value, `${path}.`);
  const { what, holds } = kinds[field.type];
  if (holds(value, field)) return value;
  const expected = field.type === "enum" ? [...enumDescriptor(field).numbers.keys()] : [what];
  throw new NetDefinitionError(`${path}: expected ${expected.join(", ")}, got ${shown(value)}`);
}

interface Kind {
  readonly what: string;
  holds(value: unknown, field: FieldDescriptor): boolean;
}

const whole = (what: string, least: number, most: number): Kind => ({
  what,
  holds: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
});

const number: Kind = { what: "a number", holds: (value) => typeof value === "number" };

const kinds: Readonly<Record<Exclude<FieldDescriptor["type"], "message">, Kind>> = {
  bool: { what: "true or false", holds: (value) => typeof value === "boolean" },
  bytes: { what: "a Uint8Array", holds: (value) => value instanceof Uint8Array },
  double: number,
  float: number,
  enum: {
    what: "a name",
    holds: (value, field) => typeof value === "string" && enumDescriptor(field).numbers.has(value),
  },
  int32: whole("a whole number", -(2 ** 31), 2 ** 31 - 1),
  int64: whole("a whole number", -(2 ** 53) + 1, 2 ** 53 - 1),
  string: { what: "a string", holds: (value) => typeof value === "string" },
  uint32: whole("a whole number of at least 0", 0, 2 ** 32 - 1),
};

function unknownField(name: MessageName, key: string, path: string): NetDefinitionError {
  const hint = didYouMean(key, messageDescriptor(name).byKey.keys());
  const where = path === "" ? "" : `${path.slice(0, -1)}: `;
  return new NetDefinitionError(
    `${where}Message type "caffe.${name}" has no field named "${key}".${hint}`,
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
}
