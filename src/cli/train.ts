/** @file `cortado train`: trains or finetunes a model as a solver prototxt says. */
import type { Logger } from "../core/logger.ts";
import { UsageError } from "../errors.ts";
import { type SolverParameter, copyMessage } from "../schema/index.ts";
import { Solver, readSolverParameter } from "../solver/index.ts";
import { caffeCommandFlags, netOptions, stages, text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { commandLogger } from "./command-logger.ts";
import { loggedDevice } from "./device-flags.ts";
import { trainingProgress } from "./progress.ts";
import { type SignalEffect, signalEffect, withSignals } from "./signals.ts";

export const trainCommand: Command = {
  name: "train",
  summary: "train or finetune a model",
  flags: caffeCommandFlags([
    ...(["solver", "snapshot", "weights", "sigint_effect", "sighup_effect"] as const),
    ...(["level", "stage", "gpu"] as const),
  ]),

  async run(flags, _positionals, io) {
    const effects = checkedEffects(flags);
    const logger = commandLogger(flags, io);
    const param = await solverOf(flags, logger);
    const lines = { cpu: "caffe.cpp:197", gpu: "caffe.cpp:204" };
    const device = await loggedDevice(flags, logger, lines, param);
    const snapshot = text(flags, "snapshot");
    const weights = text(flags, "weights");
    const solver = await Solver.load(param, {
      ...netOptions(flags),
      device,
      logger,
      ...(weights === "" ? {} : { weights }),
    });
    if (snapshot !== "") {
      logger.log("info", "caffe.cpp:235", `Resuming from ${snapshot}`);
      await solver.restore(snapshot);
    }
    if (io.progress) solver.observe(trainingProgress(io.progress, solver, param.maxIter ?? 0));
    logger.log("info", "caffe.cpp:239", "Starting Optimization");
    await withSignals(effects, solver, () => solver.solve());
    logger.log("info", "caffe.cpp:250", "Optimization Done.");
    solver.dispose();
    return 0;
  },
};

function checkedEffects(flags: FlagValues): { sigint: SignalEffect; sighup: SignalEffect } {
  if (text(flags, "solver") === "") throw new UsageError("Need a solver definition to train.");
  if (text(flags, "snapshot") !== "" && text(flags, "weights") !== "") {
    throw new UsageError("Give a snapshot to resume training or weights to finetune but not both.");
  }
  return {
    sigint: signalEffect(text(flags, "sigint_effect")),
    sighup: signalEffect(text(flags, "sighup_effect")),
  };
}

/**
 * The solver with what the flags change: level and stages always replace those of train_state, even
 * where they are not given, as in Caffe.
 */
async function solverOf(flags: FlagValues, logger: Logger): Promise<SolverParameter> {
  const param = await readSolverParameter(text(flags, "solver"), { logger });
  const trainState = {
    ...param.trainState,
    level: Number(flags.level),
    stage: [...(param.trainState?.stage ?? []), ...stages(flags)],
  };
  const weights = text(flags, "snapshot") === "" ? param.weights : [];
  return copyMessage(param, { trainState, weights });
}
