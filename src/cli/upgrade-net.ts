/** @file `cortado upgrade-net`: nets of every age, as text or as weights, become nets of today. */
import { ModelFileError, UsageError } from "../errors.ts";
import { foreignKind } from "../model-file/index.ts";
import {
  type NetParameter,
  decodeMessage,
  encodeChunks,
  needsNetUpgrade,
  parsePrototxt,
  printPrototxt,
  upgradeNetChecked,
} from "../schema/index.ts";
import { text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { logFlags } from "./command-logger.ts";
import { type UpgradeTool, readInput, runUpgrade } from "./upgrade.ts";

export const upgradeNetCommand: Command = {
  name: "upgrade-net",
  summary: "bring a prototxt or caffemodel of 2013 or 2014 to the current format",
  positionals: ["IN", "OUT"],
  flags: {
    format: {
      type: "string",
      value: "text|binary",
      summary: "what IN is and OUT becomes; as IN's bytes look if absent",
    },
    ...logFlags,
  },

  async run(flags, [input, output], io) {
    const asked = formatOf(flags);
    const bytes = await readInput(input!, io);
    const tool = (asked ?? (isText(bytes) ? "text" : "binary")) === "text" ? textTool : binaryTool;
    return runUpgrade(tool, bytes, [input!, output!], flags, io);
  },
};

function formatOf(flags: FlagValues): "text" | "binary" | undefined {
  const { format } = flags;
  if (format === undefined || format === "text" || format === "binary") return format;
  throw new UsageError(`--format is ${text(flags, "format")}; expected text or binary`);
}

/** A prototxt has no control characters but ends of lines; the tags and lengths of a net do. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

type NetTool = UpgradeTool<NetParameter>;

const upgrading: Pick<NetTool, "message" | "needsUpgrade" | "upgrade"> = {
  message: "NetParameter",
  needsUpgrade: needsNetUpgrade,
  upgrade(message, logger, fileName) {
    const { net, isComplete } = upgradeNetChecked(message, logger, fileName);
    return { message: net, isComplete };
  },
};

const textTool: NetTool = {
  ...upgrading,
  form: "text",
  source: "upgrade_net_proto_text.cpp",
  lines: { failed: 30, incomplete: 39, latest: 43, wrote: 49 },
  parse: (bytes, fileName) =>
    parsePrototxt(Buffer.from(bytes).toString("utf8"), { message: "NetParameter", fileName }),
  print: (message) => [new TextEncoder().encode(printPrototxt(message))],
};

const binaryTool: NetTool = {
  ...upgrading,
  form: "binary",
  source: "upgrade_net_proto_binary.cpp",
  lines: { failed: 29, incomplete: 38, latest: 42, wrote: 48 },
  parse(bytes, fileName) {
    const kind = foreignKind(bytes);
    if (kind !== undefined) throw new ModelFileError(`${fileName}: ${kind}`);
    return decodeMessage("NetParameter", bytes, { fileName });
  },
  print: (message) => encodeChunks("NetParameter", message),
};
