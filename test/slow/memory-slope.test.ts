/** @file Resident memory over a training, as `npm run bench -- memory-slope memory-slope-unet` measures it. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { instructionSets } from "../support/engines.ts";

const worker = fileURLToPath(new URL("../bench/worker.mjs", import.meta.url));

/** C is left out where it was not built. */
const engines = instructionSets.length > 0 ? ["wasm", "native"] : ["wasm"];

test.each(
  engines.flatMap((engine) => [
    ["1,300 iterations of LeNet", "memory-slope", engine],
    ["270 of the small U-Net", "memory-slope-unet", engine],
  ]),
)("%s add less than 1 MB per 100 (%s, %s)", (_, workload, engine) => {
  const args = [worker, workload, engine, "2"];
  const lines = execFileSync(process.execPath, args, { input: "go\n", encoding: "utf8" });
  const slope = Number(lines.split("\n")[1]);
  expect(slope).toBeLessThan(1);
});
