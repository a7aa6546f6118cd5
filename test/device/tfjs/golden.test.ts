/** @file The outputs of real Caffe on the device tfjs, through the built package and the checker beside them. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasShared, sharedPath } from "../../support/shared.ts";

const project = fileURLToPath(new URL("../../..", import.meta.url));

test.skipIf(!hasShared)(
  "computes and trains what Caffe does, with its own operations and with host layers between (needs ../shared)",
  () => {
    const script = sharedPath("check", "golden.mjs");
    const cases = ["net", "solver"].map((kind) => sharedPath("golden", kind));
    const run = spawnSync(
      process.execPath,
      [script, "--project", project, "--device", "tfjs", ...cases],
      { encoding: "utf8", maxBuffer: 2 ** 24 },
    );
    expect(run.stdout).toMatch(/^2[0-9]+ passed, 0 failed\s*$/);
  },
  180_000,
);
