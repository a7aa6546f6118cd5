/** @file Turns proto/caffe.proto into generated/messages.ts (types) and generated/descriptor.ts (tables). */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const TYPES = {
  bool: "boolean",
  bytes: "Uint8Array",
  double: "number",
  float: "number",
  int32: "number",
  int64: "number",
  string: "string",
  uint32: "number",
};

/** Lists that hold weights or pixels are typed arrays: they have millions of values. */
const TYPED_ARRAYS = {
  "BlobProto.data": "Float32Array",
  "BlobProto.diff": "Float32Array",
  "BlobProto.double_data": "Float64Array",
  "BlobProto.double_diff": "Float64Array",
  "Datum.float_data": "Float32Array",
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const proto = readFileSync(here("../../proto/caffe.proto"), "utf8");
const hash = createHash("sha256")
  .update(proto)
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest("hex");
const stamp = `// Generated from proto/caffe.proto; do not edit. ${hash.slice(0, 16)}\n`;
const targets = { messages: messagesFile, descriptor: descriptorFile };

if (!Object.keys(targets).every(isUpToDate)) {
  const { root } = protobuf.parse(proto, { keepCase: true, alternateCommentMode: true });
  const schema = root.resolveAll().lookup("caffe");
  mkdirSync(here("generated"), { recursive: true });
  for (const [name, build] of Object.entries(targets)) {
    writeFileSync(here(`generated/${name}.ts`), stamp + build(schema));
  }
}

function isUpToDate(name) {
  const path = here(`generated/${name}.ts`);
  return existsSync(path) && readFileSync(path, "utf8").startsWith(stamp);
}

function messagesFile(schema) {
  const enums = schema.nestedArray.filter((item) => item instanceof protobuf.Enum);
  const messages = messagesOf(schema);
  return [
    ...enums.map((item) => `${comment(item, "")}export type ${item.name} = ${union(item)};\n`),
    ...messages.map(interfaceOf),
    "/** Every message by its name. */",
    "export interface MessageTypes {",
    ...messages.map(({ name }) => `  ${name}: ${name};`),
    "}\n",
    "export type MessageName = keyof MessageTypes;\n",
    "/** The keys of the fields for which the schema states a default. */",
    "export interface DefaultedKeys {",
    ...messages.map((message) => `  ${message.name}: ${defaultedKeys(message)};`),
    "}",
    "",
  ].join("\n");
}

function interfaceOf(message) {
  const fields = message.fieldsArray.map((field) => {
    const array = TYPED_ARRAYS[`${message.name}.${field.name}`];
    const optional = array || !(field.repeated || field.required);
    const type = array ?? (field.repeated ? listOf(typeOf(field)) : typeOf(field));
    return `${comment(field, "  ")}  ${keyOf(field)}${optional ? "?" : ""}: ${type};`;
  });
  return `${comment(message, "")}export interface ${message.name} {\n${fields.join("\n")}\n}\n`;
}

function descriptorFile(schema) {
  const messages = messagesOf(schema);
  return [
    'import type { FieldDescriptor } from "../field.ts";',
    'import type { MessageName } from "./messages.ts";\n',
    "export const messageFields: Readonly<Record<MessageName, readonly FieldDescriptor[]>> = {",
    ...messages.map((message) => {
      const rows = message.fieldsArray
        .toSorted((a, b) => a.id - b.id)
        .map((field) => `    ${JSON.stringify(descriptorOf(field))},`);
      return `  ${message.name}: [\n${rows.join("\n")}\n  ],`;
    }),
    "};",
    "",
  ].join("\n");
}

function descriptorOf(field) {
  const type = field.resolvedType;
  const isEnum = type instanceof protobuf.Enum;
  return {
    name: field.name,
    key: keyOf(field),
    number: field.id,
    type: isEnum ? "enum" : type ? "message" : field.type,
    repeated: field.repeated,
    required: field.required,
    packed: field.repeated && field.options?.packed === true,
    default: field.options?.default,
    message: isEnum || !type ? undefined : type.name,
    values: isEnum ? type.values : undefined,
  };
}

function messagesOf(schema) {
  return schema.nestedArray.filter((item) => item instanceof protobuf.Type);
}

function keyOf(field) {
  return field.name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

function typeOf(field) {
  const type = field.resolvedType;
  if (!type) return TYPES[field.type];
  if (!(type instanceof protobuf.Enum)) return type.name;
  return type.parent instanceof protobuf.Type ? union(type) : type.name;
}

function listOf(type) {
  return type.includes("|") ? `(${type})[]` : `${type}[]`;
}

function union(type) {
  return Object.keys(type.values)
    .map((name) => JSON.stringify(name))
    .join(" | ");
}

function defaultedKeys(message) {
  const fields = message.fieldsArray.filter((field) => field.options?.default !== undefined);
  return fields.map((field) => JSON.stringify(keyOf(field))).join(" | ") || "never";
}

function comment(item, indent) {
  return item.comment ? `${indent}/** ${item.comment} */\n` : "";
}
