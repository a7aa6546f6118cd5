/** @file `cortado summary`: layers, shapes, parameters, multiply-adds, memory and warnings of a net. */
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { type LayerTransfers, deviceNames, resolveDevice } from "../device/index.ts";
import type { DeviceSummary } from "../job/device-summary.ts";
import { type LayerSummary, type NetSummary, summarizeNet } from "../job/summary.ts";
import { readCaffemodel } from "../model-file/index.ts";
import { readNetParameter } from "../net/load-definition.ts";
import { list, netFlags, text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { deviceFlag } from "./device-flags.ts";
import { imageFlag, imageShape } from "./image-flag.ts";
import { tableLines } from "./table.ts";

export const summaryCommand: Command = {
  name: "summary",
  summary: "list a net's layers, shapes, parameters and memory",
  positionals: ["net.prototxt"],
  flags: {
    phase: { type: "string", value: "TRAIN|TEST", summary: "the phase", default: "TRAIN" },
    level: { type: "number", summary: "network level", default: 0 },
    stage: {
      type: "string",
      value: "LIST",
      summary: "network stages, separated by ','; \"train\" for the phase TRAIN if absent",
    },
    weights: {
      type: "string",
      value: "FILE",
      summary: "a .caffemodel that the net will start from",
    },
    image: imageFlag,
    device: {
      type: "string",
      value: deviceNames.join("|"),
      summary: "where the net is to run: what does, its memory there, what goes over",
    },
    json: { type: "boolean", summary: "print JSON", default: false },
    layers: netFlags.layers,
  },

  async run(flags, positionals, io) {
    const path = resolve(io.cwd, positionals[0]!);
    const weights = text(flags, "weights");
    const name = deviceFlag(flags);
    const device = name && (await resolveDevice(name));
    const summary = await summarizeNet(readNetParameter(path), {
      phase: phaseOf(flags),
      level: Number(flags.level),
      ...(flags.stage === undefined ? {} : { stages: list(flags, "stage") }),
      layers: [
        ...list(flags, "layers").map((entry) => resolve(io.cwd, entry)),
        resolve(path, ".."),
      ],
      root: io.cwd,
      ...(flags.image === undefined ? {} : { imageShape: imageShape(text(flags, "image")) }),
      ...(device ? { device } : {}),
      ...(weights === "" ? {} : { weights: await readCaffemodel(resolve(io.cwd, weights)) }),
    });
    if (flags.json === true) io.out(JSON.stringify(summary, undefined, 2));
    else for (const line of summaryLines(summary)) io.out(line);
    return 0;
  },
};

function phaseOf(flags: FlagValues): "TRAIN" | "TEST" {
  const phase = text(flags, "phase").toUpperCase();
  if (phase === "TRAIN" || phase === "TEST") return phase;
  throw new UsageError(`phase must be "TRAIN" or "TEST", not "${text(flags, "phase")}"`);
}

function summaryLines(summary: NetSummary): string[] {
  const { bytes, warnings, crops, device } = summary;
  return [
    `${summary.name || "(net without a name)"}, phase ${summary.phase}`,
    "",
    ...tableLines(
      [
        { head: "layer" },
        { head: "type" },
        { head: "top: shape" },
        { head: "parameters", align: "right" },
        { head: "multiply-adds", align: "right" },
        { head: "sees", align: "right" },
        ...(device ? [{ head: "runs on" }] : []),
      ],
      summary.layers.map((layer) => [...row(layer), ...(device ? [placeOf(layer, device)] : [])]),
    ),
    "",
    `parameters     ${grouped(summary.parameters)} (${mebi(bytes.parameters)})`,
    `multiply-adds  ${grouped(summary.multiplyAdds)} in a forward pass`,
    `activations    ${mebi(bytes.activations)}`,
    summary.phase === "TRAIN"
      ? `training       ${mebi(bytes.total)}: parameters with gradient and momentum, activations with gradient`
      : `inference      ${mebi(bytes.parameters + bytes.reusedActivations)}: parameters, and ` +
        `${mebi(bytes.reusedActivations)} of activations, whose memory is used again`,
    ...(summary.phase === "TRAIN" && bytes.spared > 0 ? [bySgd(bytes)] : []),
    ...(device ? deviceLines(device, summary.phase) : []),
    ...crops.map(
      ({ layer, wanted }) =>
        `crop           ${layer}: lines up at offset ${wanted.join(", ")} (height, width)`,
    ),
    ...warnings.map((warning) => `warning        ${warning}`),
  ];
}

function placeOf({ name }: LayerSummary, { name: device, placement }: DeviceSummary): string {
  const place = placement[name];
  return place === "device" ? device : (place ?? "");
}

function deviceLines(device: DeviceSummary, phase: string): string[] {
  const { bytes, transfers, transfersOfHost, problems } = device;
  const head = `device         ${device.name}: ${device.hardware}`;
  if (device.name === "cpu") return [head];
  const over = ({ bytesUp, bytesDown }: LayerTransfers) =>
    `${grouped(bytesUp)} bytes up, ${grouped(bytesDown)} bytes down`;
  const whole = bytes.parameters + bytes.blobs + bytes.scratch;
  const isTraining = phase === "TRAIN";
  return [
    head,
    `device memory  ${mebi(whole)}: ${mebi(bytes.parameters)} of parameters${isTraining ? " with gradient and momentum" : ""}, ` +
      `${mebi(bytes.blobs)} of ${isTraining ? "blobs" : "blobs, whose memory is used again"}, ${mebi(bytes.scratch)} of kernels`,
    `an iteration   ${over(transfers)}; of that ${grouped(transfers.bytesOfInputs)} of inputs, a quarter where they are bytes of a dataset`,
    ...transfersOfHost.map(
      ({ layer, ...cost }) =>
        `  at ${layer.padEnd(9)}  ${over(cost)}, as it or a neighbour runs on the host`,
    ),
    ...problems.map((problem) => `does not fit   ${problem}`),
  ];
}

/** What `solver/gradient-turns.ts` leaves of it. */
function bySgd({ total, spared }: NetSummary["bytes"]): string {
  const condition = "without iter_size, clip_gradients and debug_info";
  return `  by SGD       ${mebi(total - spared)} ${condition}: gradients take turns in memory`;
}

function row({
  name,
  type,
  tops,
  parameters,
  multiplyAdds,
  receptiveField,
}: LayerSummary): string[] {
  return [
    name,
    type,
    tops.map((top) => `${top.name}: ${top.shape.join(" x ") || "1 value"}`).join(", "),
    parameters ? grouped(parameters) : "",
    multiplyAdds ? grouped(multiplyAdds) : "",
    receptiveField ? `${receptiveField} px` : "",
  ];
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

function mebi(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
