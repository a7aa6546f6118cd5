import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { parseTree } from "../../src/prototxt/index.ts";

function errorOf(text: string): PrototxtError {
  try {
    parseTree(text, "net.prototxt");
  } catch (error) {
    if (error instanceof PrototxtError) return error;
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

test("keeps the place of every field and value", () => {
  const { source, fields } = parseTree('a: 1\nb {\n  c: "x" "y"\n}\n', "net.prototxt");
  const inner = fields[1]!.value;
  expect(source.locationAt(fields[1]!.start)).toEqual({ file: "net.prototxt", line: 2, column: 1 });
  if (inner.kind !== "message") throw new Error(inner.kind);
  const { start, end } = inner.fields[0]!.value;
  expect(source.text.slice(start, end)).toBe('"x" "y"');
  expect(source.locationAt(start)).toMatchObject({ line: 3, column: 6 });
});

test("reads nothing, comments, all brackets, lists and separators", () => {
  expect(parseTree("", "f").fields).toEqual([]);
  expect(parseTree("# only this", "f").fields).toEqual([]);
  const text = "\uFEFFa < b: [1, 2.5, -inf] > c: [], d [ { }, < > ]; e: {},\r\nf:-0x1 # end";
  expect(parseTree(text, "f").fields.map((field) => field.name)).toEqual([..."acdef"]);
});

test("knows no schema: any names and nesting up to 100 levels", () => {
  const deep = `${"a {".repeat(100)}${"}".repeat(100)}`;
  expect(parseTree(`__proto__ { constructor: 1 } ${deep}`, "f").fields).toHaveLength(2);
  expect(errorOf(`${"a {".repeat(101)}`).message).toBe(
    "net.prototxt:1:303: Nested deeper than 100 messages.",
  );
});

describe("a syntax error", () => {
  test.each([
    ["}", "1:1: Expected identifier, got: }"],
    ["a {", '1:4: Expected identifier, got: . A "}" is missing.'],
    ["a { b: 1 >", '1:10: Expected "}", found ">".'],
    ["a < b: 1 }", '1:10: Expected ">", found "}".'],
    ['a "x"', '1:3: Expected ":", found ""x"".'],
    ["a = 1", '1:3: Expected ":", found "=".'],
    ["a", '1:2: Expected ":", found "".'],
    ["a:\n\n}", "3:1: Expected a value, got: }"],
    ["a: [1; 2]", '1:6: Expected ",", found ";".'],
    ["a: [1 ", '1:7: Expected ",", found "".'],
    ["a: -", "1:5: Expected double, got: "],
    ["1: 2", "1:1: Expected identifier, got: 1"],
    ["a: 1;; b: 2", "1:6: Expected identifier, got: ;"],
    ["[a/b]: 1", '1:3: Expected "]", found "/".'],
    ['a: "abc', "1:8: Unexpected end of string."],
    ['a: "abc\nd"', "1:8: String literals cannot cross line boundaries."],
    ["a: 'abc\r\nd'", "1:8: String literals cannot cross line boundaries."],
    ["a: 3b: 4", "1:5: Need space between number and identifier."],
    ["a: 1 \x01", "1:6: Invalid control characters encountered in text."],
    ["é: 1", "1:1: Expected identifier, got: é"],
    ["a: 1 \u00a0", "1:6: Expected identifier, got: \u00a0"],
    ["<<<<<<< HEAD", "1:1: Expected identifier, got: <"],
  ])("in %j is said at its place", (text, message) => {
    expect(errorOf(text).message).toBe(`net.prototxt:${message}`);
  });

  test("shows the line with a caret, tabs kept", () => {
    expect(errorOf('\n\n\tname "abc"\n').excerpt).toBe('3 | \tname "abc"\n  | \t     ^~~~~');
  });

  test("shows only the surroundings in a long line, and a long token in part", () => {
    const { excerpt, message } = errorOf(`${"a: 1 ".repeat(1000)}b "${"x".repeat(1000)}"`);
    expect(excerpt!.split("\n").every((line) => line.length < 120)).toBe(true);
    expect(excerpt).toContain("^~~~");
    expect(message.length).toBeLessThan(150);
  });
});

test("refuses a text of more than 16 MiB", () => {
  expect(errorOf(" ".repeat(2 ** 24 + 1)).message).toMatch(/^net.prototxt has 17 MiB of text/);
});

test("reads 2,500 layers in linear time and little memory", () => {
  const layer = `layer {\n  name: "conv"\n  type: "Convolution"\n  bottom: "data"\n  top: "conv"\n${"  param { lr_mult: 1 decay_mult: 0.5 }\n".repeat(4)}  convolution_param {\n    num_output: 64\n    kernel_size: 3\n  }\n}\n`;
  const milliseconds = (copies: number) => {
    const start = performance.now();
    expect(parseTree(layer.repeat(copies), "f").fields).toHaveLength(copies);
    return performance.now() - start;
  };
  milliseconds(500);
  const small = milliseconds(500);
  expect(milliseconds(2500)).toBeLessThan(15 * small + 200);
});

test("shows no control characters in an excerpt, which a terminal would obey", () => {
  expect(errorOf("a: 1 }\t\x1b[31m\x07").excerpt).toBe("1 | a: 1 }\t\uFFFD[31m\uFFFD\n  |      ^");
});
