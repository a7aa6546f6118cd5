/** @file `cortado convert-imageset`: a list of image files and labels becomes a database. */
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { convertImageset, textOf } from "../plugins/imageset/index.ts";
import { type ListEntry, readImageList, shuffled } from "../plugins/imageset/list.ts";
import { text } from "./caffe-flags.ts";
import type { Command, FlagValues } from "./command.ts";
import { commandLogger, logFlags } from "./command-logger.ts";
import { backendFlag, backendNamed, writeDatabase } from "./database.ts";
import { progressOf } from "./dataset-flags.ts";

export const convertImagesetCommand: Command = {
  name: "convert-imageset",
  summary: "make a database of image files and their labels",
  positionals: ["ROOT/", "LIST", "DB"],
  flags: {
    gray: { type: "boolean", summary: "read images as gray", default: false },
    shuffle: { type: "boolean", summary: "shuffle images and their labels", default: false },
    seed: {
      type: "number",
      value: "N",
      summary: "of --shuffle; another order each time if absent",
    },
    backend: backendFlag,
    resize_width: { type: "int32", summary: "width to resize images to", default: 0 },
    resize_height: { type: "int32", summary: "height to resize images to", default: 0 },
    check_size: {
      type: "boolean",
      summary: "stop where an image has not the size of the first",
      default: false,
    },
    encoded: { type: "boolean", summary: "store images as files", default: false },
    encode_type: {
      type: "string",
      value: "png|jpg",
      summary: "the type of those files; what their names say if absent",
      default: "",
    },
    ...logFlags,
  },

  async run(flags, [root, list, database], io) {
    const backend = backendNamed(text(flags, "backend"));
    const sizes = { height: size(flags, "resize_height"), width: size(flags, "resize_width") };
    const logger = commandLogger(flags, io);
    const say = (line: number, message: string, level: "info" | "warning" = "info") =>
      logger.log(level, `convert_imageset.cpp:${line}`, message);
    const entries = await entriesOf(resolve(io.cwd, list!), flags, () => say(86, "Shuffling data"));
    say(89, `A total of ${entries.length} images.`);
    const type = text(flags, "encode_type");
    if (type !== "" && flags.encoded !== true) {
      say(92, "encode_type specified, assuming encoded=true.");
    }
    const progress = progressOf(io, "images");
    await writeDatabase(database!, backend, { io, logger }, async (writer) => {
      await convertImageset(entries, writer, {
        ...sizes,
        pathOf: (entry) => pathOf(root!, entry, io.cwd),
        isGray: flags.gray === true,
        checkSize: flags.check_size === true,
        encoding: flags.encoded === true || type !== "" ? type : undefined,
        onUnknownEncoding: (entry) =>
          say(117, `Failed to guess the encoding of '${textOf(entry)}'`, "warning"),
        onSkipped(entry, reason) {
          const why = reason === undefined ? "" : `: ${reason}`;
          const message = `Could not open or find file ${root}${textOf(entry)}${why}`;
          logger.log("error", "io.cpp:80", message);
        },
        onRecord(count) {
          if (count % 1000 === 0) say(147, `Processed ${count} files.`);
          progress?.(count, entries.length);
        },
        signal: io.signal,
      });
      if (writer.entries % 1000 !== 0) say(153, `Processed ${writer.entries} files.`);
      if (writer.entries === 0) {
        const advice = "ROOT and a name are put together as they are, so ROOT usually ends in /";
        say(153, `No image was converted: the database is empty. ${advice}`, "warning");
      }
    });
    return 0;
  },
};

async function entriesOf(
  path: string,
  { shuffle, seed }: FlagValues,
  onShuffle: () => void,
): Promise<ListEntry[]> {
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new UsageError(`--seed is ${seed}; expected a whole number`);
  }
  const entries = await readImageList(path);
  if (shuffle !== true) return entries;
  onShuffle();
  return shuffled(entries, seed === undefined ? undefined : Number(seed));
}

/** What is below 0 counts as 0, as in Caffe. */
function size(flags: FlagValues, name: string): number {
  const value = Number(flags[name]);
  if (Number.isInteger(value) && value <= 65535) return Math.max(0, value);
  throw new UsageError(`--${name} is ${value}; expected a whole number up to 65535`);
}

/** ROOT and the name, one after the other. */
function pathOf(root: string, { name }: ListEntry, cwd: string): Buffer {
  const path = Buffer.concat([Buffer.from(root), name]);
  return path[0] === 0x2f ? path : Buffer.concat([Buffer.from(`${cwd}/`), path]);
}
