import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { messageDescriptor } from "../../src/schema/descriptor.ts";
import { parsePrototxt, printPrototxt, upgradeNet } from "../../src/schema/index.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

function errorOf(
  text: string,
  message: "NetParameter" | "SolverParameter",
): PrototxtError | undefined {
  try {
    parsePrototxt(text, { message, fileName: "file" });
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
    const message = errorOf(prototxt, "NetParameter")?.message;
    // The one verdict that is kinder than Caffe's: a byte order mark is skipped.
    if (name.includes("bom") || expected === undefined) expect(message).toBeUndefined();
    else expect(message?.startsWith(`file:${expected}`), `${message} for ${expected}`).toBe(true);
  });
});

/** Whether BVLC's schema lacks a field that cortado's has, for layers of other forks. */
function isKnownForeignField(error: string): boolean {
  const name = /"caffe\.LayerParameter" has no field named "(\w+)"/.exec(error)?.[1];
  return name !== undefined && messageDescriptor("LayerParameter").byName.has(name);
}

describe.skipIf(!hasShared)("359 real prototxts (need ../shared)", () => {
  const index = hasShared ? readFileSync(sharedPath("data", "prototxt", "INDEX.tsv"), "utf8") : "";
  const rows = index
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split("\t"));

  test("get protobuf's verdict, and its line unless an earlier one is no text format", () => {
    let otherLines = 0;
    for (const [path, kind, , strict, error] of rows) {
      if (isKnownForeignField(error!)) continue;
      const text = readFileSync(sharedPath("data", "prototxt", path!), "utf8");
      const message = kind === "solver" ? "SolverParameter" : "NetParameter";
      const found = errorOf(text, message);
      expect(found === undefined, `${path}: ${found?.message}`).toBe(strict === "yes");
      if (found?.location && !error!.startsWith(`${found.location.line}:`)) otherLines++;
    }
    expect(rows).toHaveLength(359);
    // Two files break the syntax as well, further down: that is said first.
    expect(otherLines).toBe(2);
  });

  test("print as text that parses to the same message, and upgrade to a net of today", () => {
    for (const [path, kind, , strict, , , , bytes] of rows) {
      // The files of 50 kB and more are deep residual nets: long, but with nothing new in them.
      if (strict !== "yes" || Number(bytes) > 50_000) continue;
      const text = readFileSync(sharedPath("data", "prototxt", path!), "utf8");
      const message = kind === "solver" ? "SolverParameter" : "NetParameter";
      const parsed = parsePrototxt(text, { message });
      expect(parsePrototxt(printPrototxt(parsed), { message }), path).toEqual(parsed);
      if (kind === "solver") continue;
      const net = upgradeNet(parsePrototxt(text, { message: "NetParameter" }));
      expect([...net.layers, ...net.input], path).toEqual([]);
    }
  });
});
