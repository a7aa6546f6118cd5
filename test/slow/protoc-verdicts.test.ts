/** @file test/schema/protoc-verdicts.tsv is what protoc says; with UPDATE=1 in the environment it becomes that. */
import { expect, test } from "vitest";
import { hasProtoc, protoc } from "../support/protoc.ts";
import { readVerdicts, writeVerdicts } from "../support/protoc-verdicts.ts";
import { textBattery } from "../support/text-battery.ts";

test.skipIf(!hasProtoc)("protoc's verdicts are those of the file (needs protoc)", () => {
  const verdicts = new Map(
    textBattery.map((text) => {
      const { ok, output, errors } = protoc("encode", "NetParameter", text);
      return [text, ok ? output.toString("hex") : errors.split("\n")[0]!.replace(/^input:/, "")];
    }),
  );
  if (process.env.UPDATE) writeVerdicts(verdicts);
  expect(readVerdicts()).toEqual(verdicts);
});
