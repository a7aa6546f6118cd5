/**
 * @file Damage to prototxts that stay well-formed: fields lost, doubled, moved to other messages, or with
 * other values, so that what is wrong comes through to the code behind the parser.
 */
import type { Random } from "./random.ts";

/** Tokens from `start` up to `end`: `name: value`, or `name { ... }`. */
interface FieldSpan {
  readonly start: number;
  readonly end: number;
  /** The token of the value; -1 where that is a message or a list. */
  readonly value: number;
}

const isWord = (token: string | undefined) => /^[A-Za-z_]/.test(token ?? "");
const isSpace = (token: string | undefined) => /^\s/.test(token ?? "");

/** All fields of a well-formed text, those inside others too. */
function fieldSpans(tokens: readonly string[]): FieldSpan[] {
  const spans: FieldSpan[] = [];
  const after = (at: number) => (isSpace(tokens[at + 1]) ? at + 2 : at + 1);
  tokens.forEach((token, start) => {
    if (!isWord(token)) return;
    let value = after(start);
    const hasColon = tokens[value] === ":";
    if (hasColon) value = after(value);
    const first = tokens[value] ?? "";
    if (/^[{<[]/.test(first)) spans.push({ start, end: closing(tokens, value) + 1, value: -1 });
    else if (hasColon) spans.push({ start, end: value + 1, value });
  });
  return spans;
}

function closing(tokens: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (/^[{<[]$/.test(tokens[at]!)) depth++;
    else if (/^[}>\]]$/.test(tokens[at]!) && --depth === 0) return at;
  }
  return tokens.length - 1;
}

/**
 * Changes one field.
 * @param newValue another value for the token of one
 */
export function mutateField(
  tokens: string[],
  random: Random,
  newValue: (token: string) => string,
): void {
  const spans = fieldSpans(tokens);
  if (spans.length === 0) return;
  const { start, end, value } = random.pick(spans);
  const field = [...tokens.slice(start, end), " "];
  switch (random.below(6)) {
    case 0:
      tokens.splice(start, end - start);
      return;
    case 1:
      tokens.splice(start, 0, ...field);
      return;
    case 2:
      // Before another field, which may lie in another message.
      tokens.splice(random.pick(spans).start, 0, ...field);
      return;
    default:
      if (value >= 0) tokens[value] = newValue(tokens[value]!);
  }
}
