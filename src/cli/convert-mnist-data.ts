/** @file `cortado convert-mnist-data`: MNIST's own files become a database. */
import { resolve } from "node:path";
import { checkInterrupted } from "../plugins/dataset/interrupt.ts";
import { openMnist } from "../plugins/mnist/index.ts";
import { text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";
import { commandLogger, logFlags } from "./command-logger.ts";
import { backendFlag, backendNamed, writeDatabase } from "./database.ts";
import { progressOf } from "./dataset-flags.ts";

export const convertMnistDataCommand: Command = {
  name: "convert-mnist-data",
  summary: "make a database of MNIST's image and label files, packed by gzip or not",
  positionals: ["IMAGES", "LABELS", "DB"],
  flags: { backend: backendFlag, ...logFlags },

  async run(flags, [images, labels, database], io) {
    const backend = backendNamed(text(flags, "backend"));
    const logger = commandLogger(flags, io);
    const say = (line: number, message: string) =>
      logger.log("info", `convert_mnist_data.cpp:${line}`, message);
    const files = await openMnist(resolve(io.cwd, images!), resolve(io.cwd, labels!));
    const progress = progressOf(io, "items");
    try {
      await writeDatabase(database!, backend, { io, logger }, async (writer) => {
        say(88, `A total of ${files.items} items.`);
        say(89, `Rows: ${files.rows} Cols: ${files.cols}`);
        for await (const { key, value } of files.records()) {
          checkInterrupted(io.signal);
          await writer.put(key, value);
          progress?.(writer.entries, files.items);
        }
        say(108, `Processed ${writer.entries} files.`);
      });
    } finally {
      await files.close();
    }
    return 0;
  },
};
