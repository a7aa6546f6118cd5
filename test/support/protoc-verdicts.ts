/** @file What protoc made of each text of the battery: a file, so that tests need no thousand runs of it. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../schema/protoc-verdicts.tsv", import.meta.url));

/** Text by text: the message's bytes in hexadecimal, or LINE:COLUMN: and what is wrong. */
export function readVerdicts(): Map<string, string> {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [text, verdict] = line.split("\t") as [string, string];
      return [JSON.parse(text) as string, JSON.parse(verdict) as string];
    }),
  );
}

export function writeVerdicts(verdicts: ReadonlyMap<string, string>): void {
  const lines = [...verdicts].map((pair) => pair.map((part) => JSON.stringify(part)).join("\t"));
  writeFileSync(file, `${lines.join("\n")}\n`);
}
