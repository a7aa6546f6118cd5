/** @file What a field of a message is: the rows of the tables that are generated from the schema. */
import type { MessageName } from "./generated/messages.ts";

export type ScalarType =
  | "bool"
  | "bytes"
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "string"
  | "uint32";

/** One field of a message, as `proto/caffe.proto` declares it. */
export interface FieldDescriptor {
  /** The name in prototxts: `"num_output"`. */
  readonly name: string;
  /** The name in TypeScript: `"numOutput"`. */
  readonly key: string;
  readonly number: number;
  readonly type: ScalarType | "enum" | "message";
  readonly repeated: boolean;
  readonly required: boolean;
  /** How a repeated number is written to binary files; readers take both forms. */
  readonly packed: boolean;
  /** The default that the schema states, if it states one. */
  readonly default?: string | number | boolean;
  /** The message's name; present for type `"message"`. */
  readonly message?: MessageName;
  /** Names and numbers of the values; present for type `"enum"`. */
  readonly values?: Readonly<Record<string, number>>;
}
