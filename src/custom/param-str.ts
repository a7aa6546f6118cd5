/**
 * @file `param_str` as values. Caffe hands the text to the layer, and layers in Python evaluate it:
 * as a dict of Python (FCN), as JSON, or as YAML of one line without braces (py-faster-rcnn).
 */
import { CustomLayerError } from "../errors.ts";
import { excerptAt } from "./source-position.ts";

/** What a `param_str` can say. Lists, tuples and sets are arrays; None is null. */
export type ParamValue = string | number | boolean | null | readonly ParamValue[] | Params;

/** A dict; keys that are numbers in Python are their text here. */
export interface Params {
  readonly [name: string]: ParamValue;
}

/** Deeper nesting is refused before it can exhaust the stack. */
const MAX_DEPTH = 100;

const WORDS: ReadonlyMap<string, ParamValue> = new Map<string, ParamValue>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
  ["inf", Number.POSITIVE_INFINITY],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["nan", Number.NaN],
  ["NaN", Number.NaN],
]);

/** What YAML 1.1 makes of these words where they stand without quotes. */
const YAML_WORDS: ReadonlyMap<string, ParamValue> = new Map<string, ParamValue>([
  ...WORDS,
  ["yes", true],
  ["on", true],
  ["no", false],
  ["off", false],
  ["~", null],
  [".inf", Number.POSITIVE_INFINITY],
  [".nan", Number.NaN],
]);

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
const SPACE = /(?:[ \t\r\n]|\\\r?\n|#[^\n]*)*/y;
const WORD = /[A-Za-z_]\w*/y;
const STRING_START = /([uUbBrR]{0,2})('''|"""|'|")/y;
const NUMBER =
  /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const ESCAPE =
  /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(\r?\n|[\s\S]))/y;
const PLAIN = /[^,\n]*/y;

/**
 * Reads the literals that a `param_str` holds; nothing is evaluated.
 *
 *     {'voc_dir': '../data', 'mean': (104.00699, 116.66877, 122.67892), 'seed': 1337}
 *     { "classes": [1, 20], "flip": true }
 *     'feat_stride': 16
 *
 * An empty text is an empty dict. Of equal keys the last one counts.
 * @throws CustomLayerError with line and column of the text, what was expected and what came
 */
export function parseParamStr(text: string): ParamValue {
  return new Parser(text).document();
}

/**
 * Reads a `param_str` that has to be a dict.
 * @throws CustomLayerError as `parseParamStr`, and for any other value
 */
export function parseParams(text: string): Params {
  const value = parseParamStr(text);
  if (isParams(value)) return value;
  throw new CustomLayerError(
    `param_str is no dict, as {'seed': 1} or "seed: 1" is, but ${JSON.stringify(value)}`,
  );
}

function isParams(value: ParamValue): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): ParamValue {
    this.#skipSpace();
    if (this.#at === this.#text.length) return emptyDict();
    const value = this.#startsPair() ? this.#pairs() : this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("the end");
    return value;
  }

  /** Whether a key and a colon come next: a dict without braces. */
  #startsPair(): boolean {
    const start = this.#at;
    const isKey = this.#peek(WORD) || this.#peek(STRING_START);
    if (isKey) this.#key();
    this.#skipSpace();
    const found = isKey && this.#text[this.#at] === ":";
    this.#at = start;
    return found;
  }

  /** YAML without braces: pairs with commas or line ends between them, text also without quotes. */
  #pairs(): Params {
    const dict = emptyDict();
    while (this.#at < this.#text.length) {
      const key = this.#key();
      this.#expect(":", `":" after the key ${key}`);
      this.#skipSpace();
      dict[key] = this.#plain() ?? this.#value();
      const end = this.#at;
      this.#skipSpace();
      const isNewLine = this.#text.slice(end, this.#at).includes("\n");
      if (this.#take(",")) this.#skipSpace();
      else if (this.#at < this.#text.length && !isNewLine) this.#fail(`"," or the end`);
    }
    return dict;
  }

  /** Text without quotes up to the end of the line; `undefined` where a literal stands. */
  #plain(): ParamValue | undefined {
    if (!/[A-Za-z_.~/]/.test(this.#text[this.#at] ?? "")) return undefined;
    if (this.#peek(STRING_START) || this.#peek(/\.\d/y)) return undefined;
    const text = this.#match(PLAIN)!.replace(/ #.*/, "").trim();
    return YAML_WORDS.has(text) ? YAML_WORDS.get(text)! : text;
  }

  #value(): ParamValue {
    const next = this.#text[this.#at];
    if (next === "{") return this.#nested(() => this.#braces());
    if (next === "[") return this.#nested(() => this.#items("["));
    if (next === "(") return this.#nested(() => this.#parentheses());
    if (this.#peek(STRING_START)) return this.#strings();
    if (this.#peek(/[-+.\d]/y)) return this.#number();
    const start = this.#at;
    const word = this.#match(WORD);
    if (word !== undefined && WORDS.has(word)) return WORDS.get(word)!;
    this.#at = start;
    return this.#fail(word === undefined ? "a value" : "a value (text stands in quotes)");
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#fail(`no more than ${MAX_DEPTH} brackets in each other`);
    const value = read();
    this.#depth--;
    return value;
  }

  /** A dict, or a set of Python. */
  #braces(): ParamValue {
    const start = this.#at;
    this.#at++;
    this.#skipSpace();
    const isSet = this.#text[this.#at] !== "}" && !this.#isKeyAhead();
    this.#at = start;
    return isSet ? this.#items("{") : this.#dict();
  }

  #isKeyAhead(): boolean {
    if (this.#peek(/[-+.\d]/y)) this.#number();
    else if (this.#peek(STRING_START)) this.#strings();
    else if (this.#match(WORD) === undefined) return true; // for the error of a bad key
    this.#skipSpace();
    return this.#text[this.#at] !== "," && this.#text[this.#at] !== "}";
  }

  #dict(): Params {
    const dict = emptyDict();
    this.#at++;
    this.#skipSpace();
    while (!this.#take("}")) {
      const key = this.#key();
      this.#expect(":", `":" after the key ${key}`);
      this.#skipSpace();
      dict[key] = this.#value();
      this.#separator("}", `the value of ${key}`);
    }
    return dict;
  }

  #key(): string {
    if (this.#peek(STRING_START)) return this.#strings();
    if (this.#peek(/[-+.\d]/y)) return String(this.#number());
    return this.#match(WORD) ?? this.#fail("a key");
  }

  /** What stands between a bracket and its partner, with commas between and perhaps after them. */
  #items(opening: string): ParamValue[] {
    return this.#itemsAndComma(opening).items;
  }

  /** A tuple; without a comma, what stands in the parentheses. */
  #parentheses(): ParamValue {
    const { items, endsWithComma } = this.#itemsAndComma("(");
    const [only] = items;
    return only !== undefined && items.length === 1 && !endsWithComma ? only : items;
  }

  #itemsAndComma(opening: string): { items: ParamValue[]; endsWithComma: boolean } {
    const closing = CLOSING[opening]!;
    const items: ParamValue[] = [];
    let endsWithComma = false;
    this.#at++;
    this.#skipSpace();
    while (!this.#take(closing)) {
      items.push(this.#value());
      endsWithComma = this.#separator(closing, "an item");
    }
    return { items, endsWithComma };
  }

  /** @returns whether there was a comma */
  #separator(closing: string, after: string): boolean {
    this.#skipSpace();
    const isComma = this.#take(",");
    if (isComma) this.#skipSpace();
    else if (this.#text[this.#at] !== closing) this.#fail(`"," or "${closing}" after ${after}`);
    return isComma;
  }

  #number(): number {
    const start = this.#at;
    const sign = this.#match(/[-+]?[ \t]*/y)!.trim();
    const infinite = this.#match(/\.?(?:inf|Infinity)\b/y);
    const digits = infinite ? "Infinity" : this.#match(NUMBER)?.replaceAll("_", "");
    if (digits === undefined || /^0\d/.test(digits)) {
      this.#at = start;
      return this.#fail("a number");
    }
    this.#match(/[lL](?!\w)/y); // Python 2's long
    if (this.#peek(/[\w.]/y)) {
      this.#at = start;
      return this.#fail("a number");
    }
    return sign === "-" ? -Number(digits) : Number(digits);
  }

  /** Strings side by side are one, as in Python; so are those with a plus between them. */
  #strings(): string {
    let text = this.#string();
    for (;;) {
      const end = this.#at;
      this.#skipSpace();
      if (this.#take("+")) this.#skipSpace();
      if (!this.#peek(STRING_START)) {
        this.#at = end;
        return text;
      }
      text += this.#string();
    }
  }

  #string(): string {
    const start = this.#at;
    STRING_START.lastIndex = start;
    const [whole, prefix = "", quote = ""] = STRING_START.exec(this.#text)!;
    this.#at += whole.length;
    let text = "";
    while (!this.#text.startsWith(quote, this.#at)) {
      const next = this.#text[this.#at];
      if (next === undefined || (next === "\n" && quote.length === 1)) {
        this.#at = start;
        return this.#fail(`text that ends with ${quote}`, "none");
      }
      text += next === "\\" ? this.#escape(/r/i.test(prefix), quote) : next;
      if (next !== "\\") this.#at++;
    }
    this.#at += quote.length;
    return text;
  }

  #escape(isRaw: boolean, quote: string): string {
    ESCAPE.lastIndex = this.#at;
    const match = ESCAPE.exec(this.#text) ?? this.#fail("a character after the backslash");
    const [whole, x, u, U, octal, other = ""] = match;
    if (isRaw) {
      this.#at += 2;
      return whole.slice(0, 2);
    }
    const code = Number.parseInt(x ?? u ?? U ?? octal ?? "", octal === undefined ? 16 : 8);
    if (code > 0x10ffff) this.#fail("a character of Unicode");
    this.#at += whole.length;
    if (!Number.isNaN(code)) return String.fromCodePoint(code);
    if (other === "/" && quote === '"') return "/"; // JSON's; no escape in Python
    // As in Python, a backslash before any other character stays.
    return SIMPLE_ESCAPES[other.replace("\r", "")] ?? whole;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string, what: string): void {
    this.#skipSpace();
    if (!this.#take(character)) this.#fail(what);
  }

  #peek(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(expected: string, found = this.#shown()): never {
    const lines = this.#text.slice(0, this.#at).split("\n");
    const location = { file: "param_str", line: lines.length, column: lines.at(-1)!.length + 1 };
    throw new CustomLayerError(`expected ${expected}, found ${found}`, {
      location,
      excerpt: excerptAt(this.#text, location),
    });
  }

  /** The word or the character that stands here. */
  #shown(): string {
    if (this.#at >= this.#text.length) return "the end";
    return JSON.stringify(/^(?:[\w.]+|[\s\S])/.exec(this.#text.slice(this.#at, this.#at + 40))![0]);
  }
}

/** Without a prototype: a key like "constructor" is a key. */
function emptyDict(): Record<string, ParamValue> {
  return Object.create(null);
}
