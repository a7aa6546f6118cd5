/** @file Weights that a net has learned on colour pictures, as the tutorial's come from another example. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeShapes } from "../../src/cli/demo/shapes.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { trainJob } from "../../src/job/train-job.ts";

const packaged = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const networkText = readFileSync(packaged("networks/demo-fcn/network.prototxt"), "utf8");
export const diceLayer = packaged("layers/dice.ts");

/** Trains the layers of the tutorial's network on discs and boxes. @returns the .caffemodel */
export async function colourWeights(folder: string): Promise<string> {
  const dataset = join(folder, "shapes");
  await writeShapes(dataset, { train: 120, val: 6, seed: 1 });
  const job = await prepareJob({
    settings: {
      ...{ ...defaultSettings, dataset, network: packaged("networks/demo-fcn/pretrain.prototxt") },
      ...{ layers: [diceLayer], mean: "none", seed: 1, epochs: 5, snapshotInterval: 0 },
      ...{ learningRate: 0.002, solverType: "Adam", policy: { policy: "fixed" } },
    },
    networkText: readFileSync(packaged("networks/demo-fcn/pretrain.prototxt"), "utf8"),
    out: join(folder, "colour"),
  });
  const { snapshots } = await trainJob(job.folder);
  return snapshots[0]!.file;
}
