import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runDemo } from "../../src/cli/demo/story.ts";
import { defaultCpuDevice } from "../../src/device/index.ts";
import { readJobRecord } from "../../src/job/job-record.ts";
import { recordedIo } from "../support/io.ts";

const folder = mkdtempSync(join(tmpdir(), "demo-"));
const short = {
  ...{ seed: 1, epochs: 1, pretrainEpochs: 1, patients: 2, pictures: 8, force: false },
  device: defaultCpuDevice({ threads: 2 }),
  out: join(folder, "demo"),
};

describe("the demo", () => {
  test("tells the tutorial from patients to overlays", async () => {
    const io = recordedIo(folder);
    const { scratchDice, mismatch } = await runDemo(short, io);
    expect(scratchDice).toBe(0);
    expect(mismatch).toBe(
      "Cannot copy param 0 weights from layer 'conv1'; shape mismatch.  Source param shape is " +
        "16 3 5 5 (1200); target param shape is 16 1 5 5 (400). To learn this layer's parameters from " +
        "scratch rather than copying from a saved net, rename the layer.",
    );
    const text = io.stdout.join("\n");
    for (const chapter of [1, 2, 3, 4, 5, 6, 7])
      expect(text).toMatch(new RegExp(`^${chapter}\\. `, "m"));
    expect(text).toContain("Try next:");
    expect(readFileSync(join(short.out, "README.txt"), "utf8")).toContain(
      "cortado infer --job demo/job-4-finetuned",
    );
    expect(existsSync(join(short.out, "overlays.png"))).toBe(true);
    expect(existsSync(join(short.out, "job-4-finetuned", "curve.png"))).toBe(true);
    expect(readJobRecord(join(short.out, "job-3-mismatch"))).toMatchObject({ status: "error" });
  }, 60_000);

  test("replaces only a folder of its own, and only when forced", async () => {
    const mine = join(folder, "mine");
    mkdirSync(mine);
    await expect(runDemo({ ...short, out: mine }, recordedIo(folder))).rejects.toThrow(
      "exists already",
    );
    await expect(runDemo({ ...short, out: mine, force: true }, recordedIo(folder))).rejects.toThrow(
      "is no folder of an earlier demo",
    );
  });
});
