/** @file The text format's odd corners: what protoc 3.21.12 made of each text, in protoc-verdicts.tsv. */

import { expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { encodeMessage, parsePrototxt } from "../../src/schema/index.ts";
import { readVerdicts } from "../support/protoc-verdicts.ts";

/** The message's bytes in hexadecimal, or protobuf's line, column and sentence. */
function ourVerdict(text: string): string {
  try {
    const message = parsePrototxt(text, { message: "NetParameter", fileName: "" });
    return Buffer.from(encodeMessage("NetParameter", message)).toString("hex");
  } catch (error) {
    if (error instanceof PrototxtError) return error.message.slice(1);
    throw error;
  }
}

const isError = (verdict: string) => verdict.includes(":");
const lineOf = (verdict: string) => verdict.split(":")[0];

/** Where cortado is of another opinion, and why. */
const DIFFERENCES: readonly [text: RegExp, why: string][] = [
  [
    /"\\(777|ud800)"/,
    "a string of JavaScript holds no bytes that are not UTF-8: U+FFFD stands for them",
  ],
  [/"\\U00110000"/, "protoc takes an escape beyond Unicode for plain text"],
  [/(loss_weight|double_data): -nan /, "a number of JavaScript has one NaN, without a sign"],
  [
    /clip_param \{ (min: 1 )?\}/,
    "protoc only warns of required fields that are missing; Caffe refuses the file",
  ],
];
const differs = (text: string, theirs: string) =>
  !isError(theirs) && DIFFERENCES.some(([pattern]) => pattern.test(text));

const verdicts = [...readVerdicts()];

test("every text is taken for the same bytes as by protoc, or refused as there", () => {
  expect(verdicts).toHaveLength(1399);
  for (const [text, theirs] of verdicts) {
    const ours = ourVerdict(text);
    if (differs(text, theirs)) expect(ours, text).not.toBe(theirs);
    else if (isError(theirs)) expect(isError(ours), `${text} is ${ours}`).toBe(true);
    else expect(ours, text).toBe(theirs);
  }
});

test("what is refused is refused in the same line, and mostly with the same column and sentence", () => {
  const refused = verdicts.filter(([, theirs]) => isError(theirs));
  let same = 0;
  for (const [text, theirs] of refused) {
    const ours = ourVerdict(text);
    expect(lineOf(ours), `${JSON.stringify(text)}: ${ours}`).toBe(lineOf(theirs));
    if (ours.startsWith(theirs)) same++;
  }
  // The others break the grammar, which is looked at before types are.
  expect([same, refused.length]).toEqual([868, 1172]);
});
