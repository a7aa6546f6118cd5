/** @file Reading one scalar of a text as the type that the schema gives its field. */
import {
  type AtomNode,
  didYouMean,
  readBytes,
  readNumber,
  readString,
  type Source,
  type Span,
  type TextNode,
  type ValueNode,
} from "../prototxt/index.ts";
import { enumDescriptor } from "./descriptor.ts";
import type { FieldDescriptor, ScalarType } from "./field.ts";

const SHOWN_LENGTH = 60;

type Reader = (source: Source, field: FieldDescriptor, node: ValueNode) => unknown;

const readers: Readonly<Record<ScalarType | "enum" | "message", Reader>> = {
  bool: readBool,
  bytes: (source, _, node) => {
    const parts = textOf(source, node).parts.map((part) =>
      readBytes(part.raw, failIn(source, part)),
    );
    return new Uint8Array(Buffer.concat(parts));
  },
  double: (source, _, node) => readFloat(source, node),
  enum: readEnum,
  float: (source, _, node) => Math.fround(readFloat(source, node)),
  int32: (source, _, node) => readInteger(source, node, -(2 ** 31), 2 ** 31 - 1),
  int64: (source, _, node) => readInteger(source, node, -(2 ** 53) + 1, 2 ** 53 - 1),
  message: (source, field) => {
    throw new Error(`internal: ${field.name} of ${source.fileName} is no scalar`);
  },
  string: (source, _, node) =>
    textOf(source, node)
      .parts.map((part) => readString(part.raw, failIn(source, part)))
      .join(""),
  uint32: (source, _, node) => readInteger(source, node, 0, 2 ** 32 - 1),
};

/**
 * The value of a scalar: floats are rounded to float32, enums are their names.
 * @throws PrototxtError in protobuf's words where the value is none of the field's type.
 */
export function readScalar(source: Source, field: FieldDescriptor, node: ValueNode): unknown {
  return readers[field.type](source, field, node);
}

/** The first token of a value, as protobuf's errors show it. */
export function spelling(source: Source, node: ValueNode): string {
  const { text } = source;
  if (node.kind === "message" || node.kind === "list") return text[node.start]!;
  if (node.kind !== "text") return node.negative ? "-" : node.text;
  const { raw } = node.parts[0]!;
  return raw.length > SHOWN_LENGTH ? `${raw.slice(0, SHOWN_LENGTH)}...` : raw;
}

function fail(source: Source, message: string, span: Span): never {
  throw source.error(message, span.start, span);
}

/** Protobuf names the place after a value that it has read but does not accept. */
function failAfter(source: Source, message: string, span: Span): never {
  throw source.error(message, source.offsetAfter(span.end), span);
}

function failIn(source: Source, { start, end }: Span) {
  return (message: string, at: number): never => {
    throw source.error(message, start + at, { start: start + at, end });
  };
}

function expected(source: Source, what: string, node: ValueNode): never {
  return fail(source, `Expected ${what}, got: ${spelling(source, node)}`, node);
}

function textOf(source: Source, node: ValueNode): TextNode {
  return node.kind === "text" ? node : expected(source, "string", node);
}

/** The number behind the sign, its span, and its form. */
function numberOf(source: Source, node: AtomNode) {
  const span = { start: node.textStart, end: node.end };
  return { ...readNumber(node.text, failIn(source, span)), span };
}

function readInteger(source: Source, node: ValueNode, min: number, max: number): number {
  const isAtom = node.kind === "number" || node.kind === "word";
  if (!isAtom || (node.negative && min === 0)) return expected(source, "integer", node);
  const span = { start: node.textStart, end: node.end };
  if (node.kind === "word") return fail(source, `Expected integer, got: ${node.text}`, span);
  const { value, form } = numberOf(source, node);
  if (form === "float") return fail(source, `Expected integer, got: ${node.text}`, span);
  if (value > (node.negative ? -min : max)) {
    return fail(source, `Integer out of range (${node.text})`, span);
  }
  return node.negative ? 0 - value : value;
}

function readFloat(source: Source, node: ValueNode): number {
  if (node.kind === "number") {
    const { value, form, span } = numberOf(source, node);
    if (form === "hex" || form === "octal") {
      return fail(source, `Expect a decimal number, got: ${node.text}`, span);
    }
    return node.negative ? -value : value;
  }
  if (node.kind !== "word") return expected(source, "double", node);
  const word = node.text.toLowerCase();
  const sign = node.negative ? -1 : 1;
  if (word === "inf" || word === "infinity") return sign * Number.POSITIVE_INFINITY;
  if (word === "nan") return Number.NaN;
  const span = { start: node.textStart, end: node.end };
  return fail(source, `Expected double, got: ${node.text}`, span);
}

const TRUE = new Set(["true", "True", "t"]);
const FALSE = new Set(["false", "False", "f"]);

function readBool(source: Source, field: FieldDescriptor, node: ValueNode): boolean {
  const isAtom = node.kind === "number" || node.kind === "word";
  if (!isAtom || node.negative) return expected(source, "identifier", node);
  if (node.kind === "number") {
    const { value, form, span } = numberOf(source, node);
    if (form === "float") return expected(source, "identifier", node);
    if (value > 1) return fail(source, `Integer out of range (${node.text})`, span);
    return value === 1;
  }
  if (TRUE.has(node.text)) return true;
  if (FALSE.has(node.text)) return false;
  const message = `Invalid value for boolean field "${field.name}". Value: "${node.text}".`;
  return failAfter(source, `${message} Write true or false.`, node);
}

function readEnum(source: Source, field: FieldDescriptor, node: ValueNode): string {
  const { numbers, names } = enumDescriptor(field);
  if (node.kind === "word" && !node.negative) {
    if (numbers.has(node.text)) return node.text;
    return failAtEnum(source, field, node, node.text);
  }
  const isInteger = node.kind === "number" && numberOf(source, node).form !== "float";
  if (!isInteger) return expected(source, "integer or identifier", node);
  const value = readInteger(source, node, -(2 ** 31), 2 ** 31 - 1);
  return names.get(value) ?? failAtEnum(source, field, node, String(value));
}

function failAtEnum(source: Source, field: FieldDescriptor, span: Span, value: string): never {
  const known = [...enumDescriptor(field).numbers.keys()];
  const message = `Unknown enumeration value of "${value}" for field "${field.name}".`;
  const list = known.length <= 8 ? ` Known are ${known.join(", ")}.` : "";
  return failAfter(source, message + (list || didYouMean(value, known)), span);
}
