/** @file Fuzzing of Caffe's binary files: weights, solver states, means, single records. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "../../../src/core/logger.ts";
import { datumPlanes, decodeDatum, readMeanImage } from "../../../src/data/index.ts";
import { decodeImage } from "../../../src/data/image.ts";
import { copyTrainedLayers, readCaffemodel } from "../../../src/model-file/index.ts";
import { decodeMessage, encodeMessage, type MessageName } from "../../../src/schema/index.ts";
import { loadSnapshot, savedHistory } from "../../../src/solver/snapshot.ts";
import { type Format, RoundTripError } from "../format.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateMessage } from "../mutate-message.ts";
import type { Random } from "../random.ts";
import { DATUMS, datumImages, MEANS, MODELS, pictures, STATES } from "./model-file-seeds.ts";
import { historyTargets, weightTargets } from "./weight-targets.ts";

const mutate = (seed: Uint8Array, random: Random, others: readonly Uint8Array[]) =>
  random.oneIn(2) ? mutateBytes(seed, random, others) : mutateMessage(seed, random, others);

/** What is written of a message is read as the same bytes again. */
function checkRoundTrip(name: MessageName, message: object): void {
  const bytes = encodeMessage(name, message as never);
  const again = encodeMessage(name, decodeMessage(name, bytes) as never);
  if (Buffer.compare(bytes, again) !== 0) {
    throw new RoundTripError("what was written is read as something else");
  }
}

function written(bytes: Uint8Array, folder: string, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export const caffemodel: Format = {
  name: "caffemodel",
  seeds: () => MODELS,
  mutate,
  async attempt(bytes, folder) {
    const net = await readCaffemodel(written(bytes, folder, "w.caffemodel"));
    checkRoundTrip("NetParameter", net);
    copyTrainedLayers(net, weightTargets, silentLogger);
  },
};

export const solverstate: Format = {
  name: "solverstate",
  seeds: () => STATES,
  mutate,
  async attempt(bytes, folder) {
    const path = written(bytes, folder, "s.solverstate");
    const state = await loadSnapshot(path);
    checkRoundTrip("SolverState", state);
    savedHistory(state, historyTargets, "SGD", path);
  },
};

export const binaryproto: Format = {
  name: "binaryproto",
  seeds: () => MEANS.binaryproto,
  mutate,
  async attempt(bytes, folder) {
    await readMeanImage(written(bytes, folder, "m.binaryproto"));
  },
};

export const npy: Format = {
  name: "npy",
  seeds: () => MEANS.npy,
  mutate: mutateBytes,
  async attempt(bytes, folder) {
    await readMeanImage(written(bytes, folder, "m.npy"));
  },
};

export const datum: Format = {
  name: "datum",
  seeds: async () => [...DATUMS, ...(await datumImages())],
  mutate,
  async attempt(bytes) {
    const record = decodeDatum(bytes);
    checkRoundTrip("Datum", record);
    if (record.encoded) await decodeImage(record.data ?? new Uint8Array(0), "the record");
    else datumPlanes(record);
  },
};

export const image: Format = {
  name: "image",
  seeds: pictures,
  mutate: mutateBytes,
  async attempt(bytes) {
    for (const mode of ["native", "color", "gray"] as const) await decodeImage(bytes, "x", mode);
  },
};
