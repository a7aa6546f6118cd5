/** @file A job on the tiny dataset with a snapshot that is right about every pixel. */
import { join } from "node:path";
import { Net } from "../../src/index.ts";
import { jobFiles } from "../../src/job/job-record.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { tinyNetwork } from "./tiny-dataset.ts";

/** Bright pixels are 200 and dark ones 20, of which the net sees a hundredth. */
const RIGHT = { weights: [0, 1], biases: [0, -1] };

/**
 * Prepares the job of one epoch and writes `snapshot_iter_3.caffemodel`, and one of iteration 1 whose
 * weights are all 0.
 */
export async function writeTrainedJob(dataset: string, out: string): Promise<void> {
  const settings = { ...defaultSettings, dataset, network: "network", mean: "none" } as const;
  await prepareJob({ settings: { ...settings, epochs: 1 }, networkText: tinyNetwork(), out });
  for (const [iter, { weights, biases }] of [
    [1, { weights: [0, 0], biases: [0, 0] }],
    [3, RIGHT],
  ] as const) {
    const net = await Net.load(join(out, jobFiles.deploy), { phase: "TEST", threads: 1 });
    const [weight, bias] = net.params.get("score")!;
    weight!.set(weights);
    bias!.set(biases);
    await net.save(join(out, `snapshot_iter_${iter}.caffemodel`));
    net.dispose();
  }
}
