/** @file `cortado surgery`: copies weights into a net of another shape, by layer name. */
import { resolve } from "node:path";
import { defaultCpuDevice } from "../device/index.ts";
import { UsageError } from "../errors.ts";
import { type SurgeryStep, transplant } from "../job/surgery.ts";
import { readCaffemodel } from "../model-file/index.ts";
import { Net } from "../net/net.ts";
import { cpuOptions, netFlags, netOptions, text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";

export const surgeryCommand: Command = {
  name: "surgery",
  summary: "copy weights into another net, by layer name",
  flags: {
    "from-weights": {
      type: "string",
      value: "FILE",
      summary: "the .caffemodel to take parameters from",
      required: true,
    },
    "from-model": {
      type: "string",
      value: "FILE",
      summary: "its prototxt, to check that the file belongs to it",
    },
    to: { type: "string", value: "FILE", summary: "prototxt of the target net", required: true },
    out: { type: "string", value: "FILE", summary: "the .caffemodel to write", required: true },
    gray: {
      type: "boolean",
      summary: "sum the colour channels of filters where the target takes gray images",
      default: false,
    },
    seed: { type: "number", value: "N", summary: "of what the target's own fillers draw" },
    layers: netFlags.layers,
    threads: netFlags.threads,
    engine: netFlags.engine,
  },

  async run(flags, _positionals, io) {
    const path = (name: string) => resolve(io.cwd, text(flags, name));
    const source = await readCaffemodel(path("from-weights"));
    const device = defaultCpuDevice(cpuOptions(flags));
    const options = { ...netOptions(flags), device, root: io.cwd, phase: "TEST" } as const;
    if (flags["from-model"] !== undefined) {
      const model = await Net.load(path("from-model"), options);
      await model.copyTrainedLayersFrom(source).finally(() => model.dispose());
    }
    const seed = flags.seed;
    const target = await Net.load(path("to"), {
      ...options,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
    });
    try {
      const steps = transplant(source, target, { gray: flags.gray === true });
      for (const step of steps) io.out(line(step));
      const copied = steps.filter(({ action }) => action !== "dropped").length;
      if (copied === 0) {
        throw new UsageError(
          `no layer of ${text(flags, "to")} has parameters in ${text(flags, "from-weights")}; nothing was written`,
        );
      }
      await target.save(path("out"));
      io.out(`${copied} of ${steps.length} parameters copied; wrote ${text(flags, "out")}`);
    } finally {
      target.dispose();
    }
    return 0;
  },
};

function line({ layer, index, action, detail }: SurgeryStep): string {
  const what = index === 0 ? "weight" : index === 1 ? "bias" : `blob ${index}`;
  return `${action.padEnd(14)} ${layer} ${what}  ${detail}`;
}
