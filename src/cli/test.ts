/** @file `cortado test`: scores a model on the data of its TEST phase. */
import { generalNumber } from "../core/general-number.ts";
import { glogLogger } from "../core/glog.ts";
import { UsageError } from "../errors.ts";
import { Net } from "../net/net.ts";
import { MeanScores, scoreText, scoresOf } from "../solver/index.ts";
import { gpuFlag, netFlags, netOptions, stateFlags, text, useCpu } from "./caffe-flags.ts";
import type { Command } from "./command.ts";

export const testCommand: Command = {
  name: "test",
  summary: "score a model",
  flags: {
    model: { type: "string", value: "FILE", summary: "the net's prototxt", default: "" },
    weights: { type: "string", value: "FILE", summary: "its trained weights", default: "" },
    iterations: { type: "number", summary: "batches to average over", default: 50 },
    ...stateFlags,
    ...netFlags,
    gpu: gpuFlag,
  },

  async run(flags, _positionals, io) {
    const logger = glogLogger((line) => io.err(line));
    const say = (source: string, message: string) => logger.log("info", source, message);
    const [model, weights] = [text(flags, "model"), text(flags, "weights")];
    if (model === "") throw new UsageError("Need a model definition to score.");
    if (weights === "") throw new UsageError("Need model weights to score.");
    const iterations = Number(flags.iterations);
    if (!Number.isInteger(iterations) || iterations < 1) {
      throw new UsageError("--iterations must be a whole number of at least 1");
    }
    useCpu(flags, "caffe.cpp:275", logger);
    const net = await Net.load(model, {
      phase: "TEST",
      level: Number(flags.level),
      stages: text(flags, "stage").split(","),
      ...netOptions(flags),
      logger,
    });
    await net.copyTrainedLayersFrom(weights);
    say("caffe.cpp:281", `Running for ${iterations} iterations.`);
    const means = new MeanScores();
    let loss = 0;
    for (let batch = 0; batch < iterations; batch++) {
      loss = Math.fround(loss + (await net.run()));
      const scores = await scoresOf(net);
      means.add(scores);
      for (const { name, value } of scores) {
        say("caffe.cpp:304", `Batch ${batch}, ${name} = ${generalNumber(value)}`);
      }
      io.progress?.(`batch ${batch + 1}/${iterations}`);
    }
    say("caffe.cpp:309", `Loss: ${generalNumber(Math.fround(loss / iterations))}`);
    for (const score of means.means) say("caffe.cpp:321", scoreText(score));
    net.dispose();
    return 0;
  },
};
