/** @file `cortado time`: how long a net's layers take. */
import { generalNumber } from "../core/general-number.ts";
import { UsageError } from "../errors.ts";
import { multiplyAdds } from "../net/multiply-adds.ts";
import type { NetLayer } from "../net/net-layer.ts";
import { Net } from "../net/net.ts";
import type { Phase } from "../schema/index.ts";
import { caffeCommandFlags, iterations, netOptions, stages, text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { commandLogger } from "./command-logger.ts";
import { loggedDevice } from "./device-flags.ts";
import { deviceLines, transferMeter } from "./time-device.ts";
import { tableLines } from "./table.ts";

export const timeCommand: Command = {
  name: "time",
  summary: "benchmark model execution time",
  flags: caffeCommandFlags(["model", "iterations", "phase", "level", "stage", "gpu"]),

  async run(flags, _positionals, io) {
    const logger = commandLogger(flags, io);
    const say = (source: string, message: string) => logger.log("info", source, message);
    const model = text(flags, "model");
    if (model === "") throw new UsageError("Need a model definition to time.");
    const phase = phaseOf(flags);
    const rounds = iterations(flags);
    const lines = { cpu: "caffe.cpp:343", gpu: "caffe.cpp:340" };
    const device = await loggedDevice(flags, logger, lines);
    const net = await Net.load(model, {
      phase,
      level: Number(flags.level),
      stages: stages(flags),
      ...netOptions(flags),
      device,
      logger,
    });
    say("caffe.cpp:351", "Performing Forward");
    say("caffe.cpp:356", `Initial loss: ${generalNumber(await net.run())}`);
    say("caffe.cpp:357", "Performing Backward");
    await net.backward();
    net.debugInfo = false; // As in Caffe, only the passes before the benchmark tell of themselves.
    const times = await benchmark(net, rounds, say);
    for (const line of profileLines(net, times)) io.out(line);
    for (const line of await deviceLines(net, rounds)) io.out(line);
    net.dispose();
    return 0;
  },
};

function phaseOf(flags: FlagValues): Phase {
  const phase = text(flags, "phase");
  if (phase === "TRAIN" || phase === "TEST") return phase;
  if (phase === "") return "TRAIN";
  throw new UsageError(`phase must be "TRAIN" or "TEST", not "${phase}"`);
}

type Say = (source: string, message: string) => void;

/** Mean milliseconds of a layer's passes, and the bytes that went to the device and came back in them. */
interface LayerTime {
  forward: number;
  backward: number;
  bytesUp: number;
  bytesDown: number;
}

/** Runs the passes and prints Caffe's table. */
async function benchmark(net: Net, rounds: number, say: Say): Promise<LayerTime[]> {
  say("caffe.cpp:365", "*** Benchmark begins ***");
  say("caffe.cpp:366", `Testing for ${rounds} iterations.`);
  const nothing = { forward: 0, backward: 0, bytesUp: 0, bytesDown: 0 };
  const layerTimes: LayerTime[] = net.layers.map(() => ({ ...nothing }));
  const transferred = transferMeter(net);
  net.onLayerTime((index, pass, ms) => {
    const times = layerTimes[index]!;
    const { bytesUp, bytesDown } = transferred();
    times[pass] += ms;
    times.bytesUp += bytesUp;
    times.bytesDown += bytesDown;
  });
  const totals = { forward: 0, backward: 0 };
  for (let i = 1; i <= rounds; i++) {
    const forward = await elapsed(() => net.runUnread());
    const backward = await elapsed(() => net.backward({}, { everyLayer: true }));
    totals.forward += forward;
    totals.backward += backward;
    const ms = generalNumber(forward + backward);
    say("caffe.cpp:394", `Iteration: ${i} forward-backward time: ${ms} ms.`);
  }
  net.onLayerTime(undefined);
  const mean = (sum: number) => generalNumber(sum / rounds);
  say("caffe.cpp:397", "Average time per layer: ");
  for (const [index, { forward, backward }] of layerTimes.entries()) {
    const name = net.layers[index]!.name.padStart(10);
    say("caffe.cpp:400", `${name}\tforward: ${mean(forward)} ms.`);
    say("caffe.cpp:403", `${name}\tbackward: ${mean(backward)} ms.`);
  }
  const total = totals.forward + totals.backward;
  say("caffe.cpp:408", `Average Forward pass: ${mean(totals.forward)} ms.`);
  say("caffe.cpp:410", `Average Backward pass: ${mean(totals.backward)} ms.`);
  say("caffe.cpp:412", `Average Forward-Backward: ${mean(total)} ms.`);
  say("caffe.cpp:414", `Total Time: ${generalNumber(total)} ms.`);
  say("caffe.cpp:415", "*** Benchmark ends ***");
  return layerTimes.map(({ forward, backward, bytesUp, bytesDown }) => ({
    forward: forward / rounds,
    backward: backward / rounds,
    bytesUp: bytesUp / rounds,
    bytesDown: bytesDown / rounds,
  }));
}

/** Beyond Caffe's log, on standard output: where the time goes, and how much arithmetic is done in it. */
function profileLines(net: Net, times: readonly LayerTime[]): string[] {
  const { remote } = net.device;
  const total = times.reduce((sum, { forward, backward }) => sum + forward + backward, 0);
  const rows = net.layers.map((layer, i) => {
    const { forward, backward, bytesUp, bytesDown } = times[i]!;
    const operations = 2 * multiplyAdds(layer);
    return [
      layer.name,
      layer.type,
      forward.toFixed(2),
      rate(operations, forward),
      backward.toFixed(2),
      rate(operations * gradientsOf(layer), backward),
      `${((100 * (forward + backward)) / total).toFixed(1)} %`,
      ...(remote
        ? [net.runsOnDevice(i) ? net.device.name : "host", bytes(bytesUp), bytes(bytesDown)]
        : []),
    ];
  });
  const right = (head: string) => ({ head, align: "right" }) as const;
  return tableLines(
    [
      { head: "layer" },
      { head: "type" },
      right("forward ms"),
      right("GFLOP/s"),
      right("backward ms"),
      right("GFLOP/s"),
      right("share"),
      ...(remote ? [{ head: "runs on" }, right("bytes up"), right("bytes down")] : []),
    ],
    rows,
  );
}

const bytes = (count: number) => (count === 0 ? "" : Math.round(count).toLocaleString("en-US"));

/** How many gradients the backward pass computes, each with the arithmetic of a forward pass. */
function gradientsOf({ layer, propagateDown }: NetLayer): number {
  return Number(layer.paramPropagateDown?.[0] ?? false) + Number(propagateDown[0] ?? false);
}

/** Billions of operations a second; "" for layers that hardly compute. */
function rate(operations: number, ms: number): string {
  return operations > 0 && ms > 0 ? (operations / ms / 1e6).toFixed(1) : "";
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
