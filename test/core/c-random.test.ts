import { describe, expect, test } from "vitest";
import { createCRandom } from "../../src/core/c-random.ts";

describe("the C library's random numbers", () => {
  // What a C program prints that calls rand() 10,001 times, on Linux with glibc.
  test("are those of rand() without srand()", () => {
    const random = createCRandom();
    expect([random.next(), random.next(), random.next()]).toEqual([
      1804289383, 846930886, 1681692777,
    ]);
    for (let i = 4; i <= 10_000; i++) random.next();
    expect(random.next()).toBe(89057537);
  });

  // What a C++ program prints that shuffles 0 .. 9 and then shuffles the result.
  test("shuffle as std::random_shuffle of libstdc++", () => {
    const random = createCRandom();
    const values = Uint32Array.from({ length: 10 }, (_, i) => i);
    random.shuffle(values);
    expect([...values]).toEqual([4, 3, 7, 8, 0, 5, 2, 1, 6, 9]);
    expect(random.next()).toBe(1189641421);
  });

  test("go on from a saved state", () => {
    const random = createCRandom();
    for (let i = 0; i < 50; i++) random.next();
    const state = JSON.parse(JSON.stringify(random.state())) as ReturnType<typeof random.state>;
    const other = createCRandom();
    other.restore(state);
    expect([other.next(), other.next()]).toEqual([random.next(), random.next()]);
  });

  test.each([{}, { words: [], next: 0 }, { words: Array(31).fill(-1), next: 0 }])(
    "take no state such as %j",
    (state) => {
      const random = createCRandom();
      expect(() => random.restore(state as ReturnType<typeof random.state>)).toThrow(RangeError);
      expect(random.next()).toBe(1804289383);
    },
  );
});
