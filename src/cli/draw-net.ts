/** @file `cortado draw-net`: a net as a picture of its layers and the blobs between them. */
import { dirname, extname, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { DIRECTIONS, type DrawnPhase, drawNet } from "../job/drawing/index.ts";
import { writeFileAtomically } from "../model-file/index.ts";
import { readNetParameter } from "../net/load-definition.ts";
import { list, netFlags, text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { choice } from "./dataset-flags.ts";
import { imageFlag, imageShape } from "./image-flag.ts";

const PHASES = ["TRAIN", "TEST", "ALL"] as const satisfies readonly DrawnPhase[];

export const drawNetCommand: Command = {
  name: "draw-net",
  summary: "draw a net's layers and blobs as SVG",
  positionals: ["NET", "OUT.svg|OUT.dot"],
  flags: {
    rankdir: {
      type: "string",
      value: DIRECTIONS.join("|"),
      summary: "where data flows: from the left, the top, the bottom or the right",
      default: "LR",
    },
    phase: {
      type: "string",
      value: PHASES.join("|"),
      summary: "the phase to draw; ALL: every layer",
      default: "ALL",
    },
    level: { type: "number", summary: "network level", default: 0 },
    stage: {
      type: "string",
      value: "LIST",
      summary: "network stages, separated by ','; all that the net names if absent",
    },
    display_lrm: {
      type: "boolean",
      summary: "show the lr_mult of layers that learn",
      default: false,
    },
    image: imageFlag,
    layers: netFlags.layers,
  },

  async run(flags, [input, output], io) {
    const form = formOf(output!);
    const path = resolve(io.cwd, input!);
    const {
      text: drawing,
      layers,
      problems,
    } = await drawNet(readNetParameter(path), {
      form,
      phase: choice({ phase: text(flags, "phase").toUpperCase() }, "phase", PHASES),
      direction: choice({ rankdir: text(flags, "rankdir").toUpperCase() }, "rankdir", DIRECTIONS),
      level: Number(flags.level),
      ...(flags.stage === undefined ? {} : { stages: list(flags, "stage") }),
      showRates: flags.display_lrm === true,
      layers: layerPath(flags, io.cwd, path),
      root: io.cwd,
      ...(flags.image === undefined ? {} : { imageShape: imageShape(text(flags, "image")) }),
    });
    await writeFileAtomically(resolve(io.cwd, output!), [new TextEncoder().encode(drawing)]);
    for (const problem of problems) io.err(`no shapes: ${problem}`);
    io.out(`Drawing net to ${output}: ${layers} layers`);
    return 0;
  },
};

function formOf(output: string): "svg" | "dot" {
  const ending = extname(output).toLowerCase();
  if (ending === ".svg" || ending === ".dot") return ending === ".svg" ? "svg" : "dot";
  throw new UsageError(
    `${output}: a net is drawn as .svg, which browsers show, or .dot for Graphviz`,
  );
}

function layerPath(flags: FlagValues, cwd: string, net: string): string[] {
  return [...list(flags, "layers").map((entry) => resolve(cwd, entry)), dirname(net)];
}
