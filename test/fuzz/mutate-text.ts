/** @file Damage to texts, word by word, with words that mean something to the format. */
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateField } from "./mutate-fields.ts";
import type { Random } from "./random.ts";

const TOKEN = /"[^"\n]*"|'[^'\n]*'|[A-Za-z_][\w.]*|-?[\d.][\w.+-]*|\s+|[\s\S]/g;

/** Spellings of numbers at the edges of types, and of what is no number. */
const NUMBERS =
  "0 1 -1 2 3 7 32 33 255 65536 1000000 2147483647 2147483648 -2147483648 4294967295 4294967296 1e38 1e39 1e-45 0.5 -0.5 nan inf -inf 0x10 010 1f 1. .5 08 0x 1e 9007199254740993 99999999999999999999".split(
    " ",
  );
const SYMBOLS = [
  "{",
  "}",
  "<",
  ">",
  "[",
  "]",
  ":",
  ",",
  ";",
  "-",
  '"',
  "'",
  "#",
  "\\",
  "\n",
  "\0",
  "é",
  "\u00a0",
];

/**
 * The text with one to five words or fields lost, doubled, moved or replaced; one text in eight damaged
 * as bytes.
 * @param words words of the format, to put in
 */
export function mutateText(
  seed: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
  words: readonly string[],
): Uint8Array {
  if (random.oneIn(8)) return mutateBytes(seed, random, others);
  const tokens = tokensOf(seed);
  const strings = tokens.filter((token) => /^["']/.test(token));
  const newValue = (token: string) => {
    // A name that the text has elsewhere wires its layers in another way.
    if (/^["']/.test(token) && strings.length > 0 && !random.oneIn(4)) return random.pick(strings);
    return replacement(token, random, words);
  };
  const keepsForm = !random.oneIn(4);
  for (let left = 1 + random.below(5); left > 0 && tokens.length > 0; left--) {
    if (keepsForm) mutateField(tokens, random, newValue);
    else mutateTokens(tokens, random, others, words);
  }
  return Buffer.from(tokens.join(""), "utf8");
}

const tokensOf = (text: Uint8Array): string[] =>
  Buffer.from(text).toString("utf8").match(TOKEN) ?? [];

function mutateTokens(
  tokens: string[],
  random: Random,
  others: readonly Uint8Array[],
  words: readonly string[],
): void {
  const at = random.below(tokens.length);
  const end = at + 1 + random.below(random.oneIn(3) ? 12 : 1);
  switch (random.below(7)) {
    case 0:
      tokens.splice(at, end - at);
      return;
    case 1: {
      const times = 1 + random.below(random.oneIn(8) ? 200 : 2);
      const copies = Array<string[]>(times).fill(tokens.slice(at, end)).flat();
      tokens.splice(at, 0, ...copies);
      return;
    }
    case 2:
      tokens.splice(random.below(tokens.length), 0, ...tokens.splice(at, end - at));
      return;
    case 3: {
      const other = tokensOf(random.pick(others));
      const from = random.below(Math.max(1, other.length));
      tokens.splice(at, end - at, ...other.slice(from, from + 1 + random.below(20)));
      return;
    }
    default:
      tokens[at] = replacement(tokens[at]!, random, words);
  }
}

/** A word mostly of the same kind: a number for a number, a name for a name. */
function replacement(token: string, random: Random, words: readonly string[]): string {
  if (random.oneIn(20)) return random.pick(SYMBOLS);
  if (/^-?[\d.]/.test(token)) {
    return random.oneIn(2) ? String(random.below(12)) : random.pick(NUMBERS);
  }
  const word = random.pick(words);
  return /^["']/.test(token) ? JSON.stringify(word) : word;
}
