/** @file `cortado demo`: the tutorial in small, on synthetic patients. */
import { resolve } from "node:path";
import { glogLogger } from "../core/glog.ts";
import { netFlags, text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";
import { bestDeviceFor } from "./device-flags.ts";
import { runDemo } from "./demo/story.ts";

export const demoCommand: Command = {
  name: "demo",
  summary: "the whole workflow in small: data, training, overlays",
  flags: {
    out: { type: "string", value: "DIR", summary: "the folder to make", default: "cortado-demo" },
    seed: { type: "number", value: "N", summary: "of patients, pictures and weights", default: 1 },
    epochs: { type: "number", value: "N", summary: "of the fine-tuning", default: 12 },
    "pretrain-epochs": { type: "number", value: "N", summary: "of the pretraining", default: 12 },
    patients: { type: "number", value: "N", summary: "synthetic patients", default: 12 },
    pictures: { type: "number", value: "N", summary: "pictures to pretrain on", default: 120 },
    force: { type: "boolean", summary: "replace the folder of an earlier demo", default: false },
    threads: netFlags.threads,
    device: netFlags.device,
  },

  async run(flags, _positionals, io) {
    await runDemo(
      {
        out: resolve(io.cwd, text(flags, "out")),
        seed: Number(flags.seed),
        epochs: Number(flags.epochs),
        pretrainEpochs: Number(flags["pretrain-epochs"]),
        patients: Number(flags.patients),
        pictures: Number(flags.pictures),
        force: flags.force === true,
        device: await bestDeviceFor(flags, glogLogger(io.err)),
      },
      io,
    );
    return 0;
  },
};
