import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Flag } from "../../src/cli/command.ts";
import { UsageError } from "../../src/errors.ts";

const flags: Readonly<Record<string, Flag>> = {
  solver: { type: "string", summary: "the solver", default: "" },
  iterations: { type: "number", summary: "how many", default: 50 },
  "val-percent": { type: "number", summary: "percent" },
  overwrite: { type: "boolean", summary: "replace files", default: false },
  level: { type: "int32", summary: "a whole number", default: 0 },
};

const parse = (...args: string[]) => parseArguments(args, flags);

describe("gflags' ways to write a flag", () => {
  test.each([
    [["-solver", "s.prototxt"]],
    [["--solver", "s.prototxt"]],
    [["-solver=s.prototxt"]],
    [["--solver=s.prototxt"]],
  ])("%j gives the value", (args) => {
    expect(parse(...args).flags.solver).toBe("s.prototxt");
  });

  test.each([
    ["--overwrite", true],
    ["-overwrite", true],
    ["-overwrite=false", false],
    ["--overwrite=TRUE", true],
    ["--overwrite=0", false],
    ["--nooverwrite", false],
    ["-nooverwrite", false],
  ])("%s is %s", (word, value) => {
    expect(parse(word).flags.overwrite).toBe(value);
  });

  test.each([
    ["7", 7],
    ["-3", -3],
    ["+3", 3],
    ["0x1F", 31],
    ["-2147483648", -(2 ** 31)],
  ])("a whole number may be written %s", (text, value) => {
    expect(parse("-level", text).flags.level).toBe(value);
  });

  test.each(["--help", "-h", "-helpshort", "--helpfull"])("%s asks for help", (word) => {
    expect(parse("x", word).help).toBe(true);
  });

  test("--version is told apart from flags and help", () => {
    expect(parse("x", "--version")).toMatchObject({ version: true, help: false });
  });

  test("a boolean does not take the next word", () => {
    const { flags, positionals } = parse("--overwrite", "net.prototxt");
    expect(flags.overwrite).toBe(true);
    expect(positionals).toEqual(["net.prototxt"]);
  });

  test("a value may begin with a dash, and may be empty", () => {
    expect(parse("-iterations", "-5").flags.iterations).toBe(-5);
    expect(parse("--solver=").flags.solver).toBe("");
    expect(parse("--solver=a=b").flags.solver).toBe("a=b");
  });

  test("dashes and underscores inside names are the same", () => {
    expect(parse("--val_percent", "10").flags["val-percent"]).toBe(10);
    expect(parse("--val-percent", "10").flags["val-percent"]).toBe(10);
  });

  test("the last one counts", () => {
    expect(parse("-iterations", "1", "-iterations", "2").flags.iterations).toBe(2);
  });

  test("two dashes end the flags", () => {
    expect(parse("a", "--", "-solver", "b").positionals).toEqual(["a", "-solver", "b"]);
  });

  test("defaults are filled in, flags without one stay absent", () => {
    expect(parse().flags).toEqual({ solver: "", iterations: 50, overwrite: false, level: 0 });
  });

  test("any value comes through unchanged", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(parse(`--solver=${value}`).flags.solver).toBe(value);
        expect(parse("-solver", value).flags.solver).toBe(value);
      }),
    );
  });
});

describe("mistakes", () => {
  test.each([
    [["-frobnicate", "1"], "unknown command line flag 'frobnicate'"],
    [["-iteration", "1"], "unknown command line flag 'iteration'; did you mean --iterations?"],
    [["-nosolver"], "unknown command line flag 'nosolver'; did you mean --solver?"],
    [["-solver"], "flag '--solver' is missing its argument"],
    [["-iterations", "many"], "illegal value 'many' specified for number flag 'iterations'"],
    [["-level", "1.5"], "illegal value '1.5' specified for int32 flag 'level'"],
    [["-level", "1e3"], "illegal value '1e3' specified for int32 flag 'level'"],
    [["-level", "2147483648"], "illegal value '2147483648' specified for int32 flag 'level'"],
    [["-level", ""], "illegal value '' specified for int32 flag 'level'"],
    [["-iterations="], "illegal value '' specified for number flag 'iterations'"],
    [["-overwrite=maybe"], "illegal value 'maybe' specified for boolean flag 'overwrite'"],
  ])("%j: %s", (args, message) => {
    expect(() => parse(...args)).toThrow(new UsageError(message));
  });

  test("a required flag is asked for, unless only help is wanted", () => {
    const required = { out: { type: "string", summary: "the folder", required: true } } as const;
    expect(() => parseArguments([], required)).toThrow(
      new UsageError("flag '--out' is required: the folder"),
    );
    expect(parseArguments(["--help"], required).help).toBe(true);
  });
});
