/** @file `cortado test`: scores a model on the data of its TEST phase. */
import { generalNumber } from "../core/general-number.ts";
import { UsageError } from "../errors.ts";
import { Net } from "../net/net.ts";
import { MeanScores, scoreText, scoresOf } from "../solver/index.ts";
import { caffeCommandFlags, iterations, list, netOptions, stages, text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";
import { commandLogger } from "./command-logger.ts";
import { loggedDevice } from "./device-flags.ts";

export const testCommand: Command = {
  name: "test",
  summary: "score a model",
  flags: caffeCommandFlags(["model", "weights", "iterations", "level", "stage", "gpu"]),

  async run(flags, _positionals, io) {
    const logger = commandLogger(flags, io);
    const say = (source: string, message: string) => logger.log("info", source, message);
    const [model, weights] = [text(flags, "model"), list(flags, "weights")];
    if (model === "") throw new UsageError("Need a model definition to score.");
    if (weights.length === 0) throw new UsageError("Need model weights to score.");
    const batches = iterations(flags);
    const lines = { cpu: "caffe.cpp:275", gpu: "caffe.cpp:272" };
    const device = await loggedDevice(flags, logger, lines);
    const net = await Net.load(model, {
      phase: "TEST",
      level: Number(flags.level),
      stages: stages(flags),
      weights,
      ...netOptions(flags),
      device,
      logger,
    });
    say("caffe.cpp:281", `Running for ${batches} iterations.`);
    const means = new MeanScores();
    let loss = 0;
    for (let batch = 0; batch < batches; batch++) {
      loss = Math.fround(loss + (await net.run()));
      const scores = await scoresOf(net);
      means.add(scores);
      for (const { name, value } of scores) {
        say("caffe.cpp:304", `Batch ${batch}, ${name} = ${generalNumber(value)}`);
      }
      io.progress?.(`batch ${batch + 1}/${batches}`);
    }
    say("caffe.cpp:309", `Loss: ${generalNumber(Math.fround(loss / batches))}`);
    for (const score of means.means) say("caffe.cpp:321", scoreText(score));
    net.dispose();
    return 0;
  },
};
