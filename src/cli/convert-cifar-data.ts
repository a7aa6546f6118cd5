/** @file `cortado convert-cifar-data`: CIFAR-10's binary batches become two databases. */
import { resolve } from "node:path";
import type { Backend, RecordWriter, StoredRecord } from "../data/index.ts";
import { TRAIN_BATCHES, cifarRecords } from "../plugins/cifar/index.ts";
import { checkInterrupted } from "../plugins/dataset/interrupt.ts";
import type { Command, Io } from "./command.ts";
import { commandLogger, logFlags } from "./command-logger.ts";
import { backendNamed, writeDatabase } from "./database.ts";

export const convertCifarDataCommand: Command = {
  name: "convert-cifar-data",
  summary: "make databases of CIFAR-10's binary batches, packed by gzip or not",
  positionals: ["IN_FOLDER", "OUT_FOLDER", "lmdb|leveldb"],
  flags: logFlags,

  async run(flags, [input, output, type], io) {
    const backend = backendNamed(type!);
    const logger = commandLogger(flags, io);
    const say = (line: number, message: string) =>
      logger.log("info", `convert_cifar_data.cpp:${line}`, message);
    const folder = resolve(io.cwd, input!);
    const write = (stage: string, fill: (database: RecordWriter) => Promise<void>) =>
      writeDatabase(databaseName(output!, stage, backend), backend, { io, logger }, fill);
    await write("train", async (database) => {
      say(52, "Writing Training data");
      for (let batch = 1; batch <= TRAIN_BATCHES; batch++) {
        say(55, `Training Batch ${batch}`);
        await putAll(database, cifarRecords(folder, batch), io);
      }
    });
    await write("test", async (database) => {
      say(73, "Writing Testing data");
      await putAll(database, cifarRecords(folder, "test"), io);
    });
    return 0;
  },
};

/** `examples/cifar10/cifar10_train_lmdb` */
function databaseName(folder: string, stage: string, backend: Backend): string {
  return `${folder}/cifar10_${stage}_${backend.toLowerCase()}`;
}

async function putAll(
  database: RecordWriter,
  records: AsyncIterable<StoredRecord>,
  io: Io,
): Promise<void> {
  for await (const { key, value } of records) {
    checkInterrupted(io.signal);
    await database.put(key, value);
  }
}
