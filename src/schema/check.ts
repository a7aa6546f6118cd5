/** @file From the tree of a text to a message: every field, type and range is checked. */
import {
  didYouMean,
  type FieldNode,
  type ItemNode,
  type MessageNode,
  type Source,
  type ValueNode,
} from "../prototxt/index.ts";
import { arrayTypeOf, type MessageDescriptor, messageDescriptor } from "./descriptor.ts";
import type { FieldDescriptor } from "./field.ts";
import type { MessageName } from "./generated/messages.ts";
import { emptyMessage, type FieldValues, setOrigin } from "./message.ts";
import { readScalar, spelling } from "./scalar.ts";

/** A message that is being read, and its numbers that will be typed arrays. */
interface Target {
  readonly descriptor: MessageDescriptor;
  readonly values: FieldValues;
  readonly numbers: Map<FieldDescriptor, number[]>;
}

/**
 * Reads a message from its tree. What is wrong is said in protobuf's words, at the line and column
 * that protobuf names: for a field it is what follows the field's name.
 * @throws PrototxtError for a field, value or type that the schema does not allow.
 */
export function messageFromTree(
  source: Source,
  name: MessageName,
  node: Pick<MessageNode, "start" | "end" | "fields">,
  holder?: FieldNode,
): object {
  const values = emptyMessage(name);
  const target = { descriptor: messageDescriptor(name), values, numbers: new Map() };
  for (const field of node.fields) readField(source, target, field);
  finishArrays(target);
  setOrigin(values, { message: name, source, node, field: holder });
  return values;
}

function readField(source: Source, target: Target, node: FieldNode): void {
  const { descriptor, values } = target;
  const field = node.isExtension ? undefined : descriptor.byName.get(node.name);
  if (!field) throw unknownField(source, descriptor, node);
  if (!field.repeated && values[field.key] !== undefined) {
    const message = `Non-repeated field "${field.name}" is specified multiple times.`;
    throw source.error(message, source.offsetAfter(node.end), node);
  }
  const { value } = node;
  if (!node.hasColon && field.type !== "message") {
    throw source.error(`Expected ":", found "${spelling(source, value)}".`, value.start);
  }
  if (value.kind === "list" && !field.repeated) failAtType(source, field, value);
  const items = value.kind === "list" ? value.items : [value];
  for (const item of items) store(source, target, field, item, node);
}

function store(
  source: Source,
  { descriptor, values, numbers }: Target,
  field: FieldDescriptor,
  node: ItemNode,
  holder: FieldNode,
): void {
  const value = readValue(source, field, node, holder);
  if (!field.repeated) {
    values[field.key] = value;
  } else if (arrayTypeOf(descriptor.name, field)) {
    const list = numbers.get(field);
    if (list) list.push(Number(value));
    else numbers.set(field, [Number(value)]);
  } else {
    (values[field.key] as unknown[]).push(value);
  }
}

function readValue(
  source: Source,
  field: FieldDescriptor,
  node: ItemNode,
  holder: FieldNode,
): unknown {
  if (field.type !== "message") return readScalar(source, field, node);
  if (node.kind !== "message") return failAtType(source, field, node);
  return messageFromTree(source, field.message!, node, holder);
}

function finishArrays({ descriptor, values, numbers }: Target): void {
  for (const [field, list] of numbers) {
    values[field.key] = arrayTypeOf(descriptor.name, field)!.from(list);
  }
}

function failAtType(source: Source, field: FieldDescriptor, node: ValueNode): never {
  if (field.type !== "message") return readScalar(source, field, node) as never;
  throw source.error(`Expected "{", found "${spelling(source, node)}".`, node.start, {
    start: node.start,
    end: node.end,
  });
}

function unknownField(source: Source, descriptor: MessageDescriptor, node: FieldNode): Error {
  const type = `caffe.${descriptor.name}`;
  const message = node.isExtension
    ? `Extension "${node.name}" is not defined or is not an extension of "${type}".`
    : `Message type "${type}" has no field named "${node.name}".`;
  const hint = node.isExtension ? "" : didYouMean(node.name, descriptor.byName.keys());
  return source.error(message + hint, source.offsetAfter(node.end), node);
}

/** A required field that is absent. */
export interface MissingField {
  /** In protobuf's form: `layer[0].clip_param.max`. */
  readonly path: string;
  /** The message that should have it. */
  readonly holder: object;
}

export function missingFields(name: MessageName, message: object, prefix = ""): MissingField[] {
  const { fields, hasRequired } = messageDescriptor(name);
  if (!hasRequired) return [];
  const values = message as FieldValues;
  return fields.flatMap((field) => {
    const value = values[field.key];
    const path = prefix + field.name;
    if (value === undefined) return field.required ? [{ path, holder: message }] : [];
    if (field.type !== "message") return [];
    if (!field.repeated) return missingFields(field.message!, value as object, `${path}.`);
    return (value as object[]).flatMap((item, index) =>
      missingFields(field.message!, item, `${path}[${index}].`),
    );
  });
}
