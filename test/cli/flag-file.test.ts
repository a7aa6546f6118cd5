import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFlagFiles } from "../../src/cli/flag-file.ts";
import { UsageError } from "../../src/errors.ts";
import { temporaryFolder } from "../support/solver.ts";

test.each([(path: string) => [`--flagfile=${path}`], (path: string) => ["-flagfile", path]])(
  "the flags of a file stand where it is named",
  (named) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "flags");
    writeFileSync(path, "# of the training\n--solver=a b.prototxt\n\n  -level=2\ncaffe\n");
    expect(withFlagFiles(["train", ...named(path), "-gpu", ""])).toEqual([
      ...["train", "--solver=a b.prototxt", "-level=2", "-gpu", ""],
    ]);
  },
);

test("a file may name another one, but not itself", () => {
  using folder = temporaryFolder();
  const [one, two] = ["one", "two"].map((name) => join(folder.path, name));
  writeFileSync(one!, `--a=1\n--flagfile=${two}\n--c=3\n`);
  writeFileSync(two!, "--b=2\n");
  expect(withFlagFiles([`--flagfile=${one}`])).toEqual(["--a=1", "--b=2", "--c=3"]);
  writeFileSync(two!, `--flagfile=${one}\n`);
  expect(() => withFlagFiles([`--flagfile=${one}`])).toThrow(
    new UsageError(`the flag file ${one} names itself`),
  );
});

test("after two dashes nothing is a flag", () => {
  expect(withFlagFiles(["--", "--flagfile=nope"])).toEqual(["--", "--flagfile=nope"]);
});

test("a file that is not there, or not named, is one clear error", () => {
  expect(() => withFlagFiles(["--flagfile=nope"])).toThrow(
    "--flagfile nope: cannot be read: no such file or directory (ENOENT)",
  );
  expect(() => withFlagFiles(["--flagfile"])).toThrow("flag '--flagfile' is missing its argument");
});
