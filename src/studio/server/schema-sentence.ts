/** @file What is wrong with a form, said by its JSON schema, as a sentence for the person who filled it in. */
import { ID_PATTERN } from "./schemas.ts";

/** An error of Ajv, as far as it is read here. */
export interface SchemaError {
  readonly keyword?: unknown;
  readonly instancePath?: unknown;
  readonly message?: unknown;
  readonly params?: unknown;
}

const PATTERNS: Readonly<Record<string, string>> = {
  [ID_PATTERN]:
    "use letters, digits, dots, dashes and underscores, 80 at most, with a letter or a digit first",
};

const SENTENCES: Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => string>> = {
  pattern: ({ pattern }) => PATTERNS[`${pattern}`] ?? "this is not written as it must be",
  minimum: ({ limit }) => `must be ${limit} or more`,
  maximum: ({ limit }) => `must be ${limit} or less`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  minLength: () => "must not be empty",
  maxLength: ({ limit }) => `must be no longer than ${limit} characters`,
  minItems: ({ limit }) => `needs ${limit === 1 ? "a value" : `${limit} values`}`,
  maxItems: ({ limit }) => `takes ${limit} values at most`,
  enum: ({ allowedValues }) => `must be one of ${[allowedValues].flat().join(", ")}`,
  type: ({ type }) => `must be ${TYPES[`${type}`] ?? `of type ${type}`}`,
  required: ({ missingProperty }) => `${missingProperty} is missing`,
  additionalProperties: ({ additionalProperty }) => `there is no field ${additionalProperty}`,
};

const TYPES: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
};

/** @returns the field, "" for the whole form, and what is wrong with it */
export function schemaSentence(error: SchemaError): { field: string; sentence: string } {
  const field = String(error.instancePath ?? "").split("/")[1] ?? "";
  const params = typeof error.params === "object" ? { ...error.params } : {};
  const say = SENTENCES[`${error.keyword}`];
  return { field, sentence: say ? say(params) : String(error.message ?? "this is not allowed") };
}
