import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ParamValue, parseParamStr } from "../../src/custom/index.ts";
import { CustomLayerError } from "../../src/errors.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

test("reads the dicts of FCN's layers", () => {
  const text =
    "{'voc_dir': '../data/pascal/VOC2011', 'seed': 1337, 'mean': (104.00699, 116.66877, 122.67892)}";
  expect(parseParamStr(text)).toEqual({
    voc_dir: "../data/pascal/VOC2011",
    seed: 1337,
    mean: [104.00699, 116.66877, 122.67892],
  });
});

test("reads pairs without braces, as YAML in Faster R-CNN's nets has them", () => {
  expect(parseParamStr("'feat_stride': 16")).toEqual({ feat_stride: 16 });
  expect(parseParamStr("feat_stride: 16\nscales: [8, 16]  # two\n")).toEqual({
    feat_stride: 16,
    scales: [8, 16],
  });
  expect(parseParamStr("split: train, dir: ../data/VOC 2011 # here\nflip: yes, low: .5")).toEqual({
    split: "train",
    dir: "../data/VOC 2011",
    flip: true,
    low: 0.5,
  });
});

test.each<[string, ParamValue]>([
  ["", {}],
  [" # nothing\n", {}],
  ["[1, 20, 5]", [1, 20, 5]],
  ["7", 7],
  ["(1)", 1],
  ["(1,)", [1]],
  ["(None)", null],
  ["()", []],
  ["{}", {}],
  ["{1, 2}", [1, 2]],
  ["{0: 1, -2.5: 3}", { "0": 1, "-2.5": 3 }],
  ["{'a': {'b': [(1, 2), []]},}", { a: { b: [[1, 2], []] } }],
  ["[True, False, None, true, false, null]", [true, false, null, true, false, null]],
  [
    "[1e-3, -1, +.5, 2., 1_000, 0x1F, 0o17, 0b11, 10L, - 4]",
    [1e-3, -1, 0.5, 2, 1000, 31, 15, 3, 10, -4],
  ],
  ["[inf, -inf]", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ["'it''s' \" one\" + ' text'", "its one text"],
  [String.raw`'\\ \' \" \n \x41 \u00e9 \U0001F600 \101 \q \/'`, "\\ ' \" \n A é 😀 A \\q \\/"],
  [String.raw`["\/", r'\n', u'ü', b'x', r'\'']`, ["/", "\\n", "ü", "x", "\\'"]],
  ["'''two\nlines'''", "two\nlines"],
  ["'one \\\nline'", "one line"],
  [
    "{'a': 1, 'a': 2, \"__proto__\": 3}",
    Object.fromEntries([
      ["a", 2],
      ["__proto__", 3],
    ]),
  ],
  ["{a: 1, # why\n b: 2}", { a: 1, b: 2 }],
])("reads %j", (text, expected) => {
  expect(parseParamStr(text)).toEqual(expected);
});

test.each([
  ["{'seed' 1337}", 1, 9, 'expected ":" after the key seed, found "1337"'],
  ["{'a': 1 'b': 2}", 1, 9, `expected "," or "}" after the value of a, found "'"`],
  ["{'a': 1,\n 'b': foo}", 2, 7, 'expected a value (text stands in quotes), found "foo"'],
  ["[1, 2", 1, 6, 'expected "," or "]" after an item, found the end'],
  ["{'a': }", 1, 7, 'expected a value, found "}"'],
  ["{[1]: 2}", 1, 2, 'expected a key, found "["'],
  ["'open", 1, 1, "expected text that ends with ', found none"],
  ["'a': 'b\nc'", 1, 6, "expected text that ends with ', found none"],
  ["__import__('os')", 1, 1, 'expected a value (text stands in quotes), found "__import__"'],
  ["1 + 1", 1, 3, 'expected the end, found "+"'],
  ["{'a': 1.2.3}", 1, 7, 'expected a number, found "1.2.3"'],
  ["007", 1, 1, 'expected a number, found "007"'],
  ["'\\U00110000'", 1, 2, String.raw`expected a character of Unicode, found "\\"`],
  ["a: 1 b: 2", 1, 6, 'expected "," or the end, found "b"'],
  ["any text", 1, 1, 'expected a value (text stands in quotes), found "any"'],
])("says what was expected in %j, and where", (text, line, column, problem) => {
  expect(() => parseParamStr(text)).toThrow(`param_str:${line}:${column}: ${problem}`);
});

test("shows the line with a caret", () => {
  try {
    parseParamStr("{'a': 1,\n 'b': foo}");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CustomLayerError);
    expect(error).toMatchObject({ excerpt: " 'b': foo}\n      ^" });
  }
});

test("refuses brackets that are nested too deeply", () => {
  expect(() => parseParamStr("[".repeat(100_000))).toThrow(
    "param_str:1:101: expected no more than 100 brackets in each other",
  );
});

const value = fc.letrec<{ value: ParamValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.constantFrom(true, false, null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value;

test("reads what JSON writes", () => {
  const same = (made: ParamValue) => {
    // -0 is 0 in JSON.
    expect(parseParamStr(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify(made)));
  };
  fc.assert(fc.property(value, same), { numRuns: 500 });
});

const withoutPython = hasPythonModule("json") ? "" : " (skipped: there is no Python)";

test.skipIf(withoutPython)(`reads what Python's repr writes${withoutPython}`, () => {
  const made = fc.sample(value, 500);
  const script = "import json, sys; print(json.dumps([repr(v) for v in json.load(sys.stdin)]))";
  const texts = runPython(script, made) as string[];
  texts.forEach((text, i) => {
    expect(parseParamStr(text), text).toEqual(JSON.parse(JSON.stringify(made[i])));
  });
});

test.skipIf(withoutPython)(`gives a literal the value that Python gives it${withoutPython}`, () => {
  const literals = [
    "{'a': (1, 2.5, [3]), \"b\": {'c': ()},}",
    "'a' \"b\" '''c'''",
    String.raw`'\x41\u0042\103\q\
\t'`,
    "[0x1f, 0o17, 0b101, 1_0, 1e-3, .5, 5., -1, +2, - 3]",
    "(1)",
    "{1: 2, 'x': None, 'y': True}",
    "[1, # one\n 2]",
  ];
  const script =
    "import ast, json, sys; print(json.dumps([ast.literal_eval(t) for t in json.load(sys.stdin)]))";
  expect(literals.map((text) => parseParamStr(text))).toEqual(runPython(script, literals));
});

test("ends with a value or one error on 5000 damaged texts", () => {
  const seeds = [
    "{'voc_dir': '../data/pascal', 'seed': 1337, 'mean': (104.00699, 116.66877, 122.67892)}",
    "'feat_stride': 16, scales: [2, 4]\nsplit: train # x",
    String.raw`{"a": u'\x41\u00e9\n', 'b': {1, 2}, 'c': r'\d' + "e", (1): """x"""}`,
  ];
  const piece = fc.constantFrom(..."{}[]():,'\"\\#+-.\n 0x1eEuLNone~\u2028é");
  const edit = fc.tuple(fc.nat(100), fc.nat(3), fc.array(piece, { maxLength: 3 }));
  const damaged = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 6 }))
    .map(([seed, edits]) =>
      edits.reduce(
        (text, [at, drop, add]) => text.slice(0, at) + add.join("") + text.slice(at + drop),
        seed,
      ),
    );
  const survive = (text: string) => {
    try {
      parseParamStr(text);
    } catch (error) {
      expect(error, text).toBeInstanceOf(CustomLayerError);
      expect(error, text).toMatchObject({
        message: expect.stringMatching(/^param_str:\d+:\d+: expected /),
      });
    }
  };
  fc.assert(fc.property(damaged, survive), { numRuns: 5_000 });
});

const withoutShared = hasShared ? "" : " (skipped: ../shared is absent)";

test.skipIf(withoutShared)(
  `reads every param_str of 359 published prototxts${withoutShared}`,
  () => {
    const index = readFileSync(sharedPath("data", "prototxt", "INDEX.tsv"), "utf8");
    const files = index
      .split("\n")
      .map((line) => line.split("\t")[0]!)
      .filter((file) => file.endsWith(".prototxt"));
    // Many of these nets have fields of other forks; only their param_strs are wanted.
    const field = /param_str: *"((?:[^"\\]|\\.)*)"/g;
    const texts = files.flatMap((file) => {
      const prototxt = readFileSync(sharedPath("data", "prototxt", file), "utf8");
      return [...prototxt.matchAll(field)].map(([, text = ""]) => text.replaceAll("\\'", "'"));
    });
    expect(texts.length).toBe(48);
    for (const text of texts) {
      expect(parseParamStr(text), text).toEqual(expect.objectContaining({}));
      expect(Object.keys(parseParamStr(text) as object).length, text).toBeGreaterThan(0);
    }
  },
);
