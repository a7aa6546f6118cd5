import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelFileError } from "../../src/errors.ts";
import { writeFileAtomically } from "../../src/model-file/index.ts";
import { hasBuild, startBuilt } from "../support/run-built.ts";
import { temporaryFolder } from "../support/solver.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("joins the chunks, and replaces what was there", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "x");
  writeFileSync(path, "old");
  async function* later() {
    yield bytes("new ");
    yield bytes("file");
  }
  await writeFileAtomically(path, later());
  expect(readFileSync(path, "utf8")).toBe("new file");
  await writeFileAtomically(path, [bytes("newer")]);
  expect(readFileSync(path, "utf8")).toBe("newer");
  expect(readdirSync(folder.path)).toEqual(["x"]);
});

test("leaves the old file, and nothing else, when the chunks fail", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "x");
  writeFileSync(path, "old");
  function* failing() {
    yield bytes("half");
    throw new RangeError("no more");
  }
  await expect(writeFileAtomically(path, failing())).rejects.toThrow(RangeError);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder.path)).toEqual(["x"]);
});

test("says in one line why it cannot write", async () => {
  using folder = temporaryFolder();
  const nowhere = join(folder.path, "no", "x");
  await expect(writeFileAtomically(nowhere, [])).rejects.toThrow(ModelFileError);
  await expect(writeFileAtomically(nowhere, [])).rejects.toThrow(
    /no\/x: cannot be written: no such file or directory \(ENOENT\)$/,
  );
  mkdirSync(join(folder.path, "taken"));
  await expect(writeFileAtomically(join(folder.path, "taken"), [])).rejects.toThrow(
    /taken: cannot be written: .+ \(EISDIR\)$/,
  );
  expect(readdirSync(folder.path)).toEqual(["taken"]);
});

describe.skipIf(!hasBuild)("processes of their own (needs the build)", () => {
  const imports = { "model-file/index.js": "writeFileAtomically" };

  test("a full disk leaves the old file, and nothing else", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x");
    writeFileSync(path, "old");
    const body = `
      const chunk = new Uint8Array(100_000);
      try {
        await writeFileAtomically(${JSON.stringify(path)}, Array(30).fill(chunk));
      } catch (error) {
        console.log(error.name + ": " + error.message);
      }`;
    const { output, code } = await startBuilt(imports, body, { fileBytes: 2 ** 20 }).ended;
    expect(output).toMatch(/^ModelFileError: .*x: cannot be written: .+ \(EFBIG\)\n$/);
    expect(code).toBe(0);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder.path)).toEqual(["x"]);
  });

  test("a process killed at any moment leaves a whole file under the name", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x");
    const size = 3_000_000;
    const body = `
      for (let round = 0; ; round = (round + 1) % 256) {
        const chunk = new Uint8Array(${size} / 10).fill(round);
        await writeFileAtomically(${JSON.stringify(path)}, Array(10).fill(chunk));
        if (round === 0) console.log("written");
      }`;
    for (let kill = 0; kill < 6; kill++) {
      const { child, ended } = startBuilt(imports, body);
      await new Promise((resolve) => child.stdout!.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 11 * kill));
      child.kill("SIGKILL");
      await ended;
      expect(existsSync(path)).toBe(true);
      const file = readFileSync(path);
      expect(file.length).toBe(size);
      expect(file.equals(Buffer.alloc(size, file[0]))).toBe(true);
    }
  });
});
