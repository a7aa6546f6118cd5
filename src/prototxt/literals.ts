/** @file Numbers and strings of the text format: reading their spelling, and writing it. */

/** Reports what is wrong with a literal, `at` characters after its start. */
export type FailAt = (message: string, at: number) => never;

export interface NumberLiteral {
  readonly value: number;
  readonly form: "decimal" | "hex" | "octal" | "float";
}

const DECIMAL = /^(?:0|[1-9][0-9]*)$/;
const FLOAT = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?$/;

/** The value of an unsigned number: `12`, `0x1F`, `017`, `1.5e-3`, `2f`. */
export function readNumber(text: string, fail: FailAt): NumberLiteral {
  if (DECIMAL.test(text)) return { value: Number(text), form: "decimal" };
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return { value: Number(text), form: "hex" };
  if (/^0[0-7]+$/.test(text)) return { value: Number.parseInt(text, 8), form: "octal" };
  if (FLOAT.test(text) && !/^0[0-9]+[fF]?$/.test(text)) {
    return { value: Number.parseFloat(text), form: "float" };
  }
  return failAtNumber(text, fail);
}

/** Says what protobuf's tokenizer says, at the character where it gives up. */
function failAtNumber(text: string, fail: FailAt): never {
  if (/^0[xX]/.test(text)) {
    const digits = /^0[xX][0-9a-fA-F]*/.exec(text)![0].length;
    if (digits === 2) fail('"0x" must be followed by hex digits.', 2);
    fail("Need space between number and identifier.", digits);
  }
  const octal = /^0[0-7]*(?=[0-9])/.exec(text);
  if (octal && !/^[0-9]+[.eE]/.test(text)) {
    fail("Numbers starting with leading zero must be in octal.", octal[0].length);
  }
  const exponent = /^[0-9.]+[eE][+-]?(?![0-9])/.exec(text);
  if (exponent) fail('"e" must be followed by exponent.', exponent[0].length);
  const number = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?/.exec(text)![0];
  if (text[number.length] === ".") {
    fail("Already saw decimal point or exponent; can't have another one.", number.length);
  }
  fail("Need space between number and identifier.", number.length);
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  "?": 63,
  "'": 39,
  '"': 34,
};
const ESCAPE =
  /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\?'"]))/y;

/** The text of a quoted literal. Escaped bytes that are not UTF-8 become U+FFFD. */
export function readString(raw: string, fail: FailAt): string {
  if (!raw.includes("\\")) return raw.slice(1, -1);
  return readBytes(raw, fail).toString("utf8");
}

/** The bytes of a quoted literal; characters stand for their UTF-8. */
export function readBytes(raw: string, fail: FailAt): Buffer {
  // An escape is never shorter than what it stands for.
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(raw, "utf8"));
  const end = raw.length - 1;
  let length = 0;
  for (let at = 1; at < end; ) {
    const backslash = raw.indexOf("\\", at);
    if (backslash === at) {
      ESCAPE.lastIndex = at;
      const match = ESCAPE.exec(raw) ?? failAtEscape(raw, at, fail);
      length += writeEscaped(bytes, length, match, () => failAtEscape(raw, at, fail));
      at += match[0].length;
    } else {
      const plainEnd = backslash < 0 ? end : backslash;
      length += bytes.write(raw.slice(at, plainEnd), length, "utf8");
      at = plainEnd;
    }
  }
  return bytes.subarray(0, length);
}

/** @returns how many bytes the escape stands for */
function writeEscaped(
  bytes: Buffer,
  at: number,
  match: RegExpExecArray,
  fail: () => never,
): number {
  const [, octal, hex, short, long, simple] = match;
  const codePoint = short ?? long;
  if (codePoint !== undefined) {
    const value = Number.parseInt(codePoint, 16);
    if (value > 0x10ffff) fail();
    return bytes.write(String.fromCodePoint(value), at, "utf8");
  }
  if (octal !== undefined) bytes[at] = Number.parseInt(octal, 8);
  else if (hex !== undefined) bytes[at] = Number.parseInt(hex, 16);
  else bytes[at] = SIMPLE_ESCAPES[simple!]!;
  return 1;
}

function failAtEscape(raw: string, at: number, fail: FailAt): never {
  const kind = raw[at + 1];
  if (kind === "x" || kind === "X") fail("Expected hex digits for escape sequence.", at + 2);
  if (kind === "u") fail("Expected four hex digits for \\u escape sequence.", at + 2);
  if (kind === "U") {
    fail("Expected eight hex digits up to 10ffff for \\U escape sequence", at + 2);
  }
  return fail("Invalid escape sequence in string literal.", at + 1);
}

const WRITTEN_ESCAPES: Readonly<Record<number, string>> = {
  9: "\\t",
  10: "\\n",
  13: "\\r",
  34: '\\"',
  39: "\\'",
  92: "\\\\",
};

/** A quoted literal in plain ASCII, as protobuf prints it: other bytes are octal. */
export function writeString(value: string | Uint8Array): string {
  if (typeof value === "string" && /^[ !#-&(-[\]-~]*$/.test(value)) return `"${value}"`;
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  let text = '"';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : undefined;
    text += WRITTEN_ESCAPES[byte] ?? plain ?? `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `${text}"`;
}

const SMALLEST_NORMAL = 2 ** -126;

/** A float32 with as many digits (6 or 9) as it takes to read it back, as protobuf prints it. */
export function writeFloat(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return writeNonFinite(single);
  const short = general(single, 6);
  // protobuf takes the underflow of a subnormal number for a failure to read it back.
  const isSubnormal = single !== 0 && Math.abs(single) < SMALLEST_NORMAL;
  return !isSubnormal && Math.fround(Number(short)) === single ? short : general(single, 9);
}

/** A float64 with as many digits (15 or 17) as it takes to read it back, as protobuf prints it. */
export function writeDouble(value: number): string {
  if (!Number.isFinite(value)) return writeNonFinite(value);
  const short = general(value, 15);
  return Number(short) === value ? short : general(value, 17);
}

const writeNonFinite = (value: number): string =>
  Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

/** C's `%.{digits}g`. */
function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponentText] = value.toExponential(digits - 1).split("e") as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digits) {
    return trimZeros(value.toFixed(digits - 1 - exponent));
  }
  const sign = exponent < 0 ? "-" : "+";
  return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function trimZeros(number: string): string {
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}
