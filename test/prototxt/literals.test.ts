import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  readBytes,
  readNumber,
  readString,
  writeDouble,
  writeFloat,
  writeString,
} from "../../src/prototxt/index.ts";

const fail = (message: string, at: number): never => {
  throw new Error(`${at}: ${message}`);
};

describe("numbers", () => {
  test.each([
    ["0", 0, "decimal"],
    ["12", 12, "decimal"],
    ["0x1F", 31, "hex"],
    ["017", 15, "octal"],
    ["1.5", 1.5, "float"],
    [".5", 0.5, "float"],
    ["1.", 1, "float"],
    ["1e-3", 1e-3, "float"],
    ["2f", 2, "float"],
    ["1.0F", 1, "float"],
  ])("reads %s", (text, value, form) => {
    expect(readNumber(text, fail)).toEqual({ value, form });
  });

  test.each([
    ["08", "1: Numbers starting with leading zero must be in octal."],
    ["3a", "1: Need space between number and identifier."],
    ["0x", '2: "0x" must be followed by hex digits.'],
    ["1e", '2: "e" must be followed by exponent.'],
    ["1e+", '3: "e" must be followed by exponent.'],
    ["1.2.3", "3: Already saw decimal point or exponent; can't have another one."],
    ["1.0power", "3: Need space between number and identifier."],
  ])("refuses %s where protobuf does", (text, message) => {
    expect(() => readNumber(text, fail)).toThrow(message);
  });

  test.each([
    [0.1, "0.1"],
    [1e-5, "1e-05"],
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [123456, "123456"],
    [1234567, "1234567"],
    [16777216, "16777216"],
    [1e10, "1e+10"],
    [0.0001, "0.0001"],
    [1 / 3, "0.333333343"],
    [0.00390625, "0.00390625"],
    [3.4028234663852886e38, "3.40282347e+38"],
    [2 ** -149, "1.40129846e-45"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [Number.NaN, "nan"],
  ])("writes the float32 %d as protobuf does", (value, text) => {
    expect(writeFloat(value)).toBe(text);
  });

  test("reads back every float32 and float64 that it writes", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.double({ noNaN: true }), (single, double) => {
        expect(parsed(writeFloat(single), Math.fround)).toBe(single);
        expect(parsed(writeDouble(double), (x) => x)).toBe(double);
      }),
    );
  });

  function parsed(text: string, round: (value: number) => number): number {
    const sign = text.startsWith("-") ? -1 : 1;
    const digits = text.replace("-inf", "inf").replace(/^-/, "");
    if (digits === "inf") return sign * Number.POSITIVE_INFINITY;
    return round(sign * readNumber(digits, fail).value);
  }
});

describe("strings", () => {
  test.each([
    [`"plain"`, "plain"],
    [`'it"s'`, 'it"s'],
    [String.raw`"a\n\t\x41\101\"q"`, 'a\n\tAA"q'],
    [String.raw`"\u00e9\U0001F600"`, "é😀"],
    [String.raw`"\303\251"`, "é"],
    [`"é"`, "é"],
  ])("reads %s", (raw, value) => {
    expect(readString(raw, fail)).toBe(value);
  });

  test("keeps every byte of a bytes field", () => {
    expect([...readBytes(String.raw`"\000\377\xfeé"`, fail)]).toEqual([0, 255, 254, 0xc3, 0xa9]);
  });

  test.each([
    [String.raw`"abc\q"`, "5: Invalid escape sequence in string literal."],
    [String.raw`"\x"`, "3: Expected hex digits for escape sequence."],
    [String.raw`"\u12"`, "3: Expected four hex digits for \\u escape sequence."],
    [String.raw`"\U00200000"`, "3: Expected eight hex digits up to 10ffff for \\U escape sequence"],
  ])("refuses the escape in %s", (raw, message) => {
    expect(() => readString(raw, fail)).toThrow(message);
  });

  test("writes ASCII that reads back, whatever the text or the bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.uint8Array(), (text, bytes) => {
        expect(writeString(text)).toMatch(/^"[ -~]*"$/);
        expect(readString(writeString(text), fail)).toBe(text);
        expect([...readBytes(writeString(bytes), fail)]).toEqual([...bytes]);
      }),
    );
  });

  test("reads a literal of ten million characters", () => {
    expect(readString(`"${"aaaaaaaa\\n".repeat(1_000_000)}"`, fail)).toHaveLength(9_000_000);
  });
});
