/** @file Compiles grammar.ne into generated/grammar.ts. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import nearley from "nearley";
import compile from "nearley/lib/compile.js";
import generate from "nearley/lib/generate.js";
import nearleyLanguage from "nearley/lib/nearley-language-bootstrapped.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const grammar = readFileSync(here("grammar.ne"), "utf8");
const hash = createHash("sha256")
  .update(grammar)
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest("hex");
const stamp = `// Generated from grammar.ne; do not edit. ${hash.slice(0, 16)}\n`;
const target = here("generated/grammar.ts");

if (!existsSync(target) || !readFileSync(target, "utf8").startsWith(stamp)) {
  const parser = new nearley.Parser(nearley.Grammar.fromCompiled(nearleyLanguage));
  parser.feed(`${grammar}\n`);
  mkdirSync(here("generated"), { recursive: true });
  writeFileSync(target, stamp + generate(compile(parser.results[0], {}), "grammar"));
}
