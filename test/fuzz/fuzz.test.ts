import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DataSourceError } from "../../src/errors.ts";
import { temporaryFolder } from "../support/solver.ts";
import { cutEverywhere, TELLS_ITS_LENGTH } from "./cuts.ts";
import type { Format } from "./format.ts";
import { formats } from "./formats/index.ts";
import { inputsOf } from "./inputs.ts";
import { randomFrom } from "./random.ts";
import { verdictOn } from "./verdict.ts";

const corpus = fileURLToPath(new URL("corpus", import.meta.url));

/** What takes longer than others to open. */
const COUNTS: Readonly<Record<string, number>> = { leveldb: 15, hdf5: 100 };
const COUNT = 250;

describe("damaged files give an answer or an error of one line", () => {
  test.each(formats)("$name", async (format) => {
    using folder = temporaryFolder();
    const inputs = await inputsOf(format, corpus, "suite");
    const failures: string[] = [];
    for (let i = 0; i < inputs.kept + (COUNTS[format.name] ?? COUNT); i++) {
      const { failure } = await verdictOn(format, inputs.at(i), folder.path);
      if (failure !== undefined) failures.push(`${i}: ${failure}`);
    }
    expect(failures).toEqual([]);
  });
});

describe("files that are cut off give an answer or an error of one line", () => {
  test.each(formats)("$name", async (format) => {
    using folder = temporaryFolder();
    const most = format.name === "leveldb" ? 10 : 60;
    const { count, failures, unnoticed } = await cutEverywhere(format, folder.path, most);
    expect(count).toBeGreaterThan(0);
    expect(failures).toEqual([]);
    if (TELLS_ITS_LENGTH.has(format.name)) expect(unnoticed).toEqual([]);
  });
});

test("an input is made from its number alone, whatever was made before", async () => {
  const format = formats.find(({ name }) => name === "caffemodel")!;
  const [a, b] = [await inputsOf(format, corpus, "x"), await inputsOf(format, corpus, "x")];
  const inOrder = Array.from({ length: 40 }, (_, i) => a.at(i));
  expect(b.at(39)).toEqual(inOrder[39]);
  expect(new Set(inOrder.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBeGreaterThan(
    35,
  );
  expect(randomFrom("x").below(1e9)).not.toBe(randomFrom("y").below(1e9));
});

describe("a verdict", () => {
  const format = (attempt: Format["attempt"]): Format => ({
    ...{ name: "fake", seeds: () => [], mutate: (seed) => seed },
    attempt,
  });
  const verdict = async (attempt: Format["attempt"]) =>
    (await verdictOn(format(attempt), new Uint8Array(0), "nowhere")).failure;

  test("lets answers and errors of cortado pass", async () => {
    expect(await verdict(() => {})).toBeUndefined();
    const fail = async () => Promise.reject(new DataSourceError("no such file"));
    expect(await verdict(fail)).toBeUndefined();
  });

  test.each([
    ["other errors", new TypeError("x is undefined"), /TypeError: x is undefined\n.*fuzz\.test/],
    ["what is no error", "text", /^thrown: text$/],
    ["bugs that call themselves so", new DataSourceError("internal: x"), /internal: x/],
    ["errors that say nothing", new DataSourceError(" "), /^an empty message$/],
  ])("finds %s", async (_, thrown, message) => {
    expect(await verdict(() => Promise.reject(thrown))).toMatch(message);
  });
});
