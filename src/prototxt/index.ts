/** @file The text format of prototxts: from text to a tree with positions, and from values to text. */
export type { FailAt, NumberLiteral } from "./literals.ts";
export {
  readBytes,
  readNumber,
  readString,
  writeDouble,
  writeFloat,
  writeString,
} from "./literals.ts";
export { didYouMean, nearestName } from "./nearest.ts";
export { type Document, parseTree } from "./parse.ts";
export { Source, type Span } from "./source.ts";
export type { AtomNode, FieldNode, ItemNode, MessageNode, TextNode, ValueNode } from "./tree.ts";
export { TextWriter } from "./writer.ts";
