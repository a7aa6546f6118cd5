import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generalNumber } from "../../src/core/general-number.ts";

const literal = (value: number) => (Object.is(value, -0) ? "-0" : String(value));

describe("numbers in log lines", () => {
  test.each([
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [100000, "100000"],
    [1000000, "1e+06"],
    [1234567, "1.23457e+06"],
    [0.1, "0.1"],
    [Math.fround(0.1), "0.1"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [1.21088, "1.21088"],
    [0.0948801, "0.0948801"],
    [-1.35926e-43, "-1.35926e-43"],
    [999999.5, "1e+06"],
    [98522.2, "98522.2"],
    [1e100, "1e+100"],
    [Number.NaN, "nan"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("%d is written as %s", (value, text) => {
    expect(generalNumber(value)).toBe(text);
  });

  test("rounds halves to even, as C does", () => {
    expect(generalNumber(100000.5)).toBe("100000");
    expect(generalNumber(100001.5)).toBe("100002");
    expect(generalNumber(100000.5000001)).toBe("100001");
  });

  test("writes what the shell's printf writes", () => {
    const floats = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      seed: 7,
      numRuns: 300,
    });
    const halves = Array.from({ length: 200 }, (_, i) => 100000.5 + i);
    const values = [...floats, ...halves];
    const expected = execFileSync("printf", ["%.6g\n", ...values.map(literal)], {
      env: { LC_ALL: "C" },
    });
    expect(values.map(generalNumber)).toEqual(expected.toString().trimEnd().split("\n"));
  });
});
