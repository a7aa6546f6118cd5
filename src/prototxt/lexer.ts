/** @file The words of the text format: moo finds tokens, white space and comments are left out. */
import moo from "moo";
import { readNumber } from "./literals.ts";
import type { Source } from "./source.ts";

/** The deepest nesting that is read; Caffe's own messages nest five deep. */
export const MAX_DEPTH = 100;

/**
 * The kinds of tokens. A number is anything that starts like one, so that an error can say what is
 * wrong with `3a` or `08`. `brokenString` is a string without its second quote.
 */
const rules = moo.compile({
  skipped: { match: /(?:[ \t\r\v\f\n]+|#[^\n]*)+/, lineBreaks: true },
  word: /[A-Za-z_][A-Za-z_0-9]*/,
  number: /\.?[0-9](?:[eE][+-]|[.A-Za-z_0-9])*/,
  string: [/"[^"\\\n\0]*(?:\\[^\n\0][^"\\\n\0]*)*"/, /'[^'\\\n\0]*(?:\\[^\n\0][^'\\\n\0]*)*'/],
  brokenString: /["'][^\n\0]*/,
  symbol: /[^ \t\r\v\f\n]/,
});

/** The tokens of one text after the other, in the form that nearley reads. */
class Tokens {
  #source: Source | undefined;
  #depth = 0;

  /** Must be called before nearley is fed with the source's text. */
  open(source: Source): void {
    this.#source = source;
    this.#depth = 0;
  }

  close(): void {
    this.#source = undefined;
    rules.reset("");
  }

  reset(text: string): void {
    rules.reset(text);
  }

  next(): moo.Token | undefined {
    let token = rules.next();
    while (token?.type === "skipped") token = rules.next();
    if (token?.type === "symbol") this.#checkSymbol(token);
    else if (token?.type === "number") this.#checkNumber(token);
    else if (token?.type === "brokenString") this.#failAtString(token);
    return token;
  }

  save(): moo.LexerState {
    return rules.save();
  }

  has(kind: string): boolean {
    return rules.has(kind);
  }

  formatError(): string {
    return "";
  }

  #checkSymbol(token: moo.Token): void {
    const symbol = token.text;
    if (symbol === "{" || symbol === "<" || symbol === "[") {
      if (++this.#depth > MAX_DEPTH) {
        throw this.#source!.error(`Nested deeper than ${MAX_DEPTH} messages.`, token.offset);
      }
    } else if (symbol === "}" || symbol === ">" || symbol === "]") {
      this.#depth--;
    } else if (symbol < " " || symbol === "\x7f") {
      throw this.#source!.error("Invalid control characters encountered in text.", token.offset);
    }
  }

  #checkNumber({ text, offset }: moo.Token): void {
    readNumber(text, (message, at) => {
      throw this.#source!.error(message, offset + at, { start: offset, end: offset + text.length });
    });
  }

  #failAtString(token: moo.Token): never {
    const start = token.offset;
    const end = start + token.text.replace(/\r$/, "").length;
    const { text } = this.#source!;
    throw this.#source!.error(
      text[start + token.text.length] === "\n"
        ? "String literals cannot cross line boundaries."
        : "Unexpected end of string.",
      end,
      { start, end },
    );
  }
}

export const tokens: Tokens = new Tokens();
