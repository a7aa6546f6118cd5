/** @file Bad and odd prototxts: refused where Caffe refuses them, in its words, with the place. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CaffeError } from "../../src/errors.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import { Net } from "../../src/net/net.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

interface ErrorCase {
  readonly prototxt: string;
  /** -6: refused. */
  readonly rc: number;
  readonly messages: readonly string[];
}

/** Cases that cortado decides otherwise, each with its reason. */
const OTHERWISE: Readonly<Record<string, string>> = {
  tf_bom: "a byte order mark is skipped: editors on Windows write one",
  tf_empty_file_ok: "an empty net is refused by Caffe's `time`, not by its parser",
  engine_cudnn_pool: "an engine is a hint that says nothing of the result",
  engine_cudnn_conv: "an engine is a hint that says nothing of the result",
};

/** Cases that are refused in cortado's own words. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  legacy_input_dim_short: "Caffe reads past the end of input_dim, and fails by what it finds there",
};

const cases: Record<string, ErrorCase> = hasShared
  ? JSON.parse(readFileSync(sharedPath("golden", "errors", "errors.json"), "utf8"))
  : {};
const known = new Set(builtInLayers.map((layer) => layer.type));

/** Whether all types that the text names are built in, or are meant to be unknown. */
function isCovered([name, { prototxt }]: readonly [string, ErrorCase]): boolean {
  if (name in OTHERWISE) return false;
  const types = [...prototxt.matchAll(/\btype:\s*["']([A-Z]\w*)["']/g)].map((match) => match[1]!);
  return types.every((type) => known.has(type) || type === "Foo");
}

/** Caffe's last words: the line that ends the run, without its place in the source. */
function fatalLine({ messages }: ErrorCase): string {
  const fatal = messages.find((m) => m.startsWith("F ") || m.includes("libprotobuf ERROR")) ?? "";
  return fatal.replace(/^F \S+\] /, "").replace(/^\[libprotobuf[^\]]*\] [^:]*: \d+:\d+: /, "");
}

/** A check without a sentence: there is nothing to agree with but the refusal. */
function saysNothing(line: string): boolean {
  return line === "" || /^Check failed: .*(\(\S+ vs\. \S+\)|data_) $/.test(line);
}

/** cortado's sentence without the place and the layer that it begins with. */
function sentenceOf(error: CaffeError): string {
  return error.message.replace(/^.*?:\d+:\d+: /, "").replace(/^layer "[^"]*" \(\w*\): /, "");
}

describe.skipIf(!hasShared)("bad prototxts (needs ../shared)", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cortado-errors-"));
    copyFileSync(sharedPath("golden", "errors", "badlist.txt"), join(folder, "badlist.txt"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(text: string): Promise<unknown> {
    const file = join(folder, "net.prototxt");
    writeFileSync(file, text);
    try {
      const net = await Net.load(file, { phase: "TRAIN", root: folder, threads: 1 });
      await net.forward();
      await net.backward();
      net.dispose();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  const covered = Object.entries(cases).filter(isCovered);

  test("the known layers cover most of the cases", () => {
    expect(covered.length).toBeGreaterThan(90);
  });

  test.each(covered)("%s", async (name, errorCase) => {
    const error = await run(errorCase.prototxt);
    if (errorCase.rc === 0) {
      expect(error).toBeUndefined();
      return;
    }
    expect(error).toBeInstanceOf(CaffeError);
    const line = fatalLine(errorCase);
    expect((error as CaffeError).location).toMatchObject({ file: join(folder, "net.prototxt") });
    // cortado's first words are in Caffe's line; what follows may say more than Caffe does.
    if (saysNothing(line) || name in OWN_WORDS) return;
    const [sentence] = sentenceOf(error as CaffeError).split(": ");
    expect(line).toContain(sentence!.slice(0, 16));
  });
});
