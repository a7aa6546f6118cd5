import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

function errorOf(text: string): PrototxtError | undefined {
  try {
    parsePrototxt(text, { message: "NetParameter", fileName: "file" });
    return undefined;
  } catch (error) {
    if (error instanceof PrototxtError) return error;
    throw error;
  }
}

interface ErrorCase {
  readonly prototxt: string;
  readonly messages: readonly string[];
}

describe.skipIf(!hasShared)("real Caffe (needs ../shared)", () => {
  const cases: Record<string, ErrorCase> = hasShared
    ? JSON.parse(readFileSync(sharedPath("golden", "errors", "errors.json"), "utf8"))
    : {};
  const textCases = Object.entries(cases).filter(([name]) => name.startsWith("tf_"));

  test.each(textCases)("agrees on %s", (name, { prototxt, messages }) => {
    const said = /text-format caffe\.NetParameter: (\d+:\d+: .*)$/;
    const expected = messages
      .map((line) => said.exec(line)?.[1])
      .find((line) => line !== undefined);
    const message = errorOf(prototxt)?.message;
    // The one verdict that is kinder than Caffe's: a byte order mark is skipped.
    if (name.includes("bom") || expected === undefined) expect(message).toBeUndefined();
    else expect(message?.startsWith(`file:${expected}`), `${message} for ${expected}`).toBe(true);
  });
});
