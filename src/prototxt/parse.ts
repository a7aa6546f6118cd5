/** @file From a text to its tree, or to an error that says where and why. */
import nearley from "nearley";
import { PrototxtError } from "../errors.ts";
import grammar from "./generated/grammar.ts";
import { tokens } from "./lexer.ts";
import { Source } from "./source.ts";
import { type Chain, type FieldNode, itemsOf } from "./tree.ts";

/** The longest text that is read, in characters. */
const MAX_LENGTH = 16 * 2 ** 20;
const SHOWN_LENGTH = 60;

/** A text and its tree. */
export interface Document {
  readonly source: Source;
  readonly fields: readonly FieldNode[];
}

/** What the grammar can take next: a kind of token or a literal one. */
interface Terminal {
  readonly type?: string;
  readonly literal?: string;
}

interface State {
  readonly rule: { readonly symbols: readonly (Terminal | string)[] };
  readonly dot: number;
}

/** nearley's parser without its own error texts, which list the whole parse table. */
class TreeParser extends nearley.Parser {
  declare readonly table: readonly { readonly scannable: readonly State[] }[];

  reportError(): string {
    return "";
  }

  reportLexerError(error: unknown): never {
    throw error;
  }

  expected(): Set<string> {
    const terminals = this.table[this.current]!.scannable.map(
      (state) => state.rule.symbols[state.dot] as Terminal,
    );
    return new Set(terminals.map(({ type, literal }) => type ?? literal!));
  }
}

const compiled = nearley.Grammar.fromCompiled(grammar);

/**
 * Reads protobuf's text format. The tree's offsets count from the start of `source.text`; a byte
 * order mark, which protobuf rejects, is left out.
 * @throws PrototxtError for what is no text format whatever the schema, nested deeper than 100
 *   messages, or longer than 16 MiB.
 */
export function parseTree(text: string, fileName: string): Document {
  const source = new Source(text.startsWith("\uFEFF") ? text.slice(1) : text, fileName);
  if (text.length > MAX_LENGTH) {
    const size = Math.ceil(text.length / 2 ** 20);
    throw new PrototxtError(
      `${fileName} has ${size} MiB of text; at most 16 MiB are read. Weights belong into a .caffemodel.`,
    );
  }
  const parser = new TreeParser(compiled, { lexer: tokens });
  tokens.open(source);
  try {
    parser.feed(source.text);
  } catch (error) {
    throw syntaxError(source, parser, error);
  } finally {
    tokens.close();
  }
  if (parser.results.length === 0) throw unexpectedToken(source, parser, source.text.length, "");
  return { source, fields: itemsOf(parser.results[0] as Chain<FieldNode> | undefined) };
}

function syntaxError(source: Source, parser: TreeParser, error: unknown): unknown {
  if (!(error instanceof Error && "token" in error)) return error;
  const token = error.token as { readonly offset: number; readonly text: string };
  return unexpectedToken(source, parser, token.offset, token.text);
}

/** protobuf's sentences, as far as they do not depend on the type of a field. */
function unexpectedToken(source: Source, parser: TreeParser, at: number, token: string): Error {
  const expected = parser.expected();
  const shown = token.length > SHOWN_LENGTH ? `${token.slice(0, SHOWN_LENGTH)}...` : token;
  const span = { start: at, end: at + Math.max(1, token.length) };
  return source.error(sentence(expected, shown, token === ""), at, span);
}

function sentence(expected: Set<string>, token: string, atEnd: boolean): string {
  if (expected.has(":")) return `Expected ":", found "${token}".`;
  if (expected.has("string") && expected.has("-")) return `Expected a value, got: ${token}`;
  if (expected.has("number")) return `Expected double, got: ${token}`;
  if (expected.has(",") && expected.has("]")) return `Expected ",", found "${token}".`;
  if (expected.has("]")) return `Expected "]", found "${token}".`;
  for (const close of ["}", ">"]) {
    if (!expected.has(close)) continue;
    if (atEnd) return `Expected identifier, got: . A "${close}" is missing.`;
    if (token === "}" || token === ">") return `Expected "${close}", found "${token}".`;
  }
  return `Expected identifier, got: ${token}`;
}
