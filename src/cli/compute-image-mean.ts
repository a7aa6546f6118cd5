/** @file `cortado compute-image-mean`: the mean of the images of a database, pixel by pixel. */
import { resolve } from "node:path";
import { generalNumber } from "../core/general-number.ts";
import {
  type Backend,
  MeanAccumulator,
  type Planes,
  datumPlanes,
  decodeDatum,
  decodeImage,
  keyText,
  readRecords,
} from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import { writeBinaryProto } from "../model-file/index.ts";
import { checkInterrupted } from "../plugins/dataset/interrupt.ts";
import { text } from "./caffe-flags.ts";
import type { Command } from "./command.ts";
import { commandLogger, logFlags } from "./command-logger.ts";
import { backendFlag, backendNamed, logOpened } from "./database.ts";

/** Encoded images that are decoded at once. */
const DECODING = 16;

export const computeImageMeanCommand: Command = {
  name: "compute-image-mean",
  summary: "compute the mean image of a database",
  positionals: ["DB", "[OUT.binaryproto]"],
  flags: { backend: backendFlag, ...logFlags },

  async run(flags, [database, output], io) {
    const backend = backendNamed(text(flags, "backend"));
    const logger = commandLogger(flags, io);
    const say = (line: number, message: string) =>
      logger.log("info", `compute_image_mean.cpp:${line}`, message);
    const mean = new MeanAccumulator();
    for await (const { image, name, wasEncoded } of images(resolve(io.cwd, database!), backend)) {
      checkInterrupted(io.signal);
      if (mean.count === 0) {
        logOpened(logger, database!, backend);
        if (wasEncoded) say(57, "Decoding Datum");
        say(70, "Starting iteration");
      }
      mean.add(image, name);
      if (mean.count % 10000 === 0) say(95, `Processed ${mean.count} files.`);
    }
    if (mean.count === 0) throw new DataSourceError(`${database}: there are no records`);
    if (mean.count % 10000 !== 0) say(101, `Processed ${mean.count} files.`);
    const proto = mean.toProto();
    if (output !== undefined) {
      say(108, `Write to ${output}`);
      await writeBinaryProto(resolve(io.cwd, output), proto);
    }
    const means = mean.channelMeans();
    say(114, `Number of channels: ${means.length}`);
    for (const [c, value] of means.entries()) {
      say(119, `mean_value channel [${c}]: ${generalNumber(Math.fround(value))}`);
    }
    return 0;
  },
};

interface StoredImage {
  readonly image: Planes;
  readonly name: string;
  readonly wasEncoded: boolean;
}

/** The images of a database; a few encoded ones are decoded ahead, in other threads. */
async function* images(path: string, backend: Backend): AsyncGenerator<StoredImage> {
  let decoding: Promise<StoredImage>[] = [];
  for await (const { key, value } of readRecords(path, backend)) {
    const name = `${path}: record ${keyText(key)}`;
    const datum = decodeDatum(value, name);
    if (datum.encoded) {
      // A copy: the view ends with the next record.
      const bytes = new Uint8Array(datum.data ?? []);
      decoding.push(decodeImage(bytes, name).then((image) => ({ image, name, wasEncoded: true })));
      if (decoding.length < DECODING) continue;
    }
    yield* await Promise.all(decoding);
    decoding = [];
    if (!datum.encoded) yield { image: datumPlanes(datum, name), name, wasEncoded: false };
  }
  yield* await Promise.all(decoding);
}
