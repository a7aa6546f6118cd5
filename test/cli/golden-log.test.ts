import { describe, expect, test } from "vitest";
import { goldenArguments, goldenLog, goldenRun, runIn, sameLine } from "../support/golden-cli.ts";
import { hasShared } from "../support/shared.ts";

/**
 * All lines of a log, with the level and the place in Caffe's source, without time and thread. What a
 * clock measured, and the loss of weights that nobody seeded, is left out.
 */
function wholeLog(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/^([IWEF])\d{4} \S+ +\d+ /, "$1 ")
      .replace(/\(\S+ iter\/s, \S+s\//, "(- iter/s, -s/")
      .replace(/(Initial loss: )\S+$/, "$1-")
      .replace(/: \S+ ms\.$/, ": - ms."),
  );
}

describe.skipIf(!hasShared)("the log from its first line to its last (needs ../shared)", () => {
  test.each(["train", "train_debug_info", "train_gflags_style", "train_multistep", "test", "time"])(
    "of %s is Caffe's, line by line, with the places in its source",
    async (name) => {
      using run = await goldenRun(name);
      const { code, err } = await runIn(run.folder, goldenArguments(name));
      expect(code, err.at(-1)).toBe(0);
      const [actual, expected] = [wholeLog(err), wholeLog(goldenLog(name))];
      const wrong = expected.findIndex((line, i) => !sameLine(actual[i], line));
      expect(wrong < 0 ? undefined : actual[wrong]).toBe(expected[wrong]);
      expect(actual).toHaveLength(expected.length);
    },
  );
});
