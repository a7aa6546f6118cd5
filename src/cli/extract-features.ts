/** @file `cortado extract-features`: what blobs of a trained net hold for each image, as databases. */
import { resolve } from "node:path";
import type { Logger } from "../core/logger.ts";
import { legacySize, shapeString } from "../core/shape.ts";
import { type Backend, type RecordWriter, encodeDatum } from "../data/index.ts";
import type { Device } from "../device/index.ts";
import { UsageError } from "../errors.ts";
import { Net } from "../net/net.ts";
import { checkInterrupted } from "../plugins/dataset/interrupt.ts";
import { createMessage } from "../schema/index.ts";
import { netFlags, netOptions } from "./caffe-flags.ts";
import type { Command, FlagValues, Io } from "./command.ts";
import { commandLogger, logFlags } from "./command-logger.ts";
import { backendNamed, writeDatabase } from "./database.ts";
import { caffeDevice } from "./device-flags.ts";

export const extractFeaturesCommand: Command = {
  name: "extract-features",
  summary: "write what blobs of a trained net hold for each image into databases",
  positionals: [
    ...["WEIGHTS", "NET", "BLOB[,BLOB]", "DB[,DB]", "BATCHES", "lmdb|leveldb"],
    ...["[CPU|GPU]", "[DEVICE_ID]"],
  ],
  flags: { ...netFlags, ...logFlags },

  async run(flags, positionals, io) {
    const [weights, model, blobs, databases, batches, type, mode, deviceId] = positionals;
    const logger = commandLogger(flags, io);
    const features = featuresOf(blobs!.split(","), databases!.split(","), io.cwd);
    const backend = backendNamed(type!);
    const count = Number(batches);
    if (!Number.isInteger(count) || count < 1) {
      throw new UsageError(`BATCHES is ${batches}; expected a whole number of at least 1`);
    }
    const device = await deviceOf(mode, deviceId, flags, logger);
    if (!device.remote) logger.log("error", "extract_features.cpp:62", "Using CPU");
    const net = await Net.load(model!, { ...netOptions(flags), device, phase: "TEST", logger });
    try {
      await net.copyTrainedLayersFrom(weights!);
      checkBlobs(net, features, model!);
      await withDatabases(features, backend, { io, logger }, async (writers) => {
        logger.log("error", "extract_features.cpp:133", "Extracting Features");
        const extracting = features.map(
          (feature, i) => new Extraction(feature, writers[i]!, logger),
        );
        for (let batch = 0; batch < count; batch++) {
          checkInterrupted(io.signal);
          await net.run();
          for (const extraction of extracting) await extraction.add(net);
          io.progress?.(`batch ${batch + 1}/${count}`);
        }
        for (const extraction of extracting) extraction.report(176);
      });
    } finally {
      net.dispose();
    }
    logger.log("error", "extract_features.cpp:181", "Successfully extracted the features!");
    return 0;
  },
};

/** `CPU`, or `GPU` and its number, as Caffe's tool has them; without them what `--device` says. */
async function deviceOf(
  mode: string | undefined,
  id: string | undefined,
  flags: FlagValues,
  logger: Logger,
): Promise<Device> {
  if (mode === "CPU") return caffeDevice({ ...flags, device: "cpu" }, logger, GPU_LINE);
  return caffeDevice({ ...flags, gpu: mode === "GPU" ? (id ?? "0") : "" }, logger, GPU_LINE);
}

const GPU_LINE = "extract_features.cpp:57";

interface Feature {
  readonly blob: string;
  readonly database: string;
}

function featuresOf(
  blobs: readonly string[],
  databases: readonly string[],
  cwd: string,
): Feature[] {
  if (blobs.length !== databases.length) {
    throw new UsageError(
      "the number of blob names and dataset names must be equal, but there are " +
        `${blobs.length} and ${databases.length}`,
    );
  }
  const paths = databases.map((database) => resolve(cwd, database));
  const twice = paths.findIndex((path, i) => paths.indexOf(path) < i);
  if (twice >= 0) {
    throw new UsageError(
      `the database ${databases[twice]} is named twice; each blob needs its own`,
    );
  }
  return blobs.map((blob, i) => ({ blob, database: databases[i]! }));
}

function checkBlobs(net: Net, features: readonly Feature[], model: string): void {
  for (const { blob: name } of features) {
    const blob = net.blobs.get(name);
    if (!blob) {
      const known = [...net.blobs.keys()].join(", ");
      throw new UsageError(
        `Unknown feature blob name ${name} in the network ${model}; it has ${known}`,
      );
    }
    if (blob.shape.length > 4) {
      throw new UsageError(
        `Cannot use legacy accessors on Blobs with > 4 axes: a Datum has no room for ${name} with ` +
          `the shape ${shapeString(blob.shape)}`,
      );
    }
  }
}

/** Opens the databases one after the other; each has its name when all of it is written. */
async function withDatabases(
  features: readonly Feature[],
  backend: Backend,
  { io, logger }: { readonly io: Io; readonly logger: Logger },
  run: (writers: readonly RecordWriter[]) => Promise<void>,
  writers: readonly RecordWriter[] = [],
): Promise<void> {
  const next = features[writers.length];
  if (!next) return run(writers);
  logger.log("info", "extract_features.cpp:125", `Opening dataset ${next.database}`);
  await writeDatabase(next.database, backend, { io, logger }, (writer) =>
    withDatabases(features, backend, { io, logger }, run, [...writers, writer]),
  );
}

/** One blob and the database that its values go to. */
class Extraction {
  readonly #blob: string;
  readonly #writer: RecordWriter;
  readonly #logger: Logger;

  constructor({ blob }: Feature, writer: RecordWriter, logger: Logger) {
    this.#blob = blob;
    this.#writer = writer;
    this.#logger = logger;
  }

  /** Writes the blob's values, one record an image; keys are `%010d`. */
  async add(net: Net): Promise<void> {
    const { shape, data } = await net.blobs.get(this.#blob)!.sync();
    const images = legacySize(shape, 0);
    const size = data.length / images;
    const sizes = {
      channels: legacySize(shape, 1),
      height: legacySize(shape, 2),
      width: legacySize(shape, 3),
    };
    for (let n = 0; n < images; n++) {
      const floatData = data.subarray(n * size, (n + 1) * size);
      const key = String(this.#writer.entries).padStart(10, "0");
      const datum = createMessage("Datum", { ...sizes, floatData });
      await this.#writer.put(key, encodeDatum(datum));
      if (this.#writer.entries % 1000 === 0) this.report(165);
    }
  }

  report(line: number): void {
    const text = `Extracted features of ${this.#writer.entries} query images for feature blob ${this.#blob}`;
    this.#logger.log("error", `extract_features.cpp:${line}`, text);
  }
}
