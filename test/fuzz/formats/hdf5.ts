/** @file Fuzzing of HDF5 files: weights, solver states and batches of data. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "../../../src/core/logger.ts";
import { CaffeError } from "../../../src/errors.ts";
import { writeHdf5 } from "../../../src/model-file/hdf5/writer.ts";
import {
  copyTrainedLayers,
  readCaffemodel,
  readSolverState,
  writeCaffemodel,
  writeSolverState,
} from "../../../src/model-file/index.ts";
import { Net } from "../../../src/net/net.ts";
import { decodeMessage, parsePrototxt } from "../../../src/schema/index.ts";
import { temporaryFolder } from "../../support/solver.ts";
import type { Format } from "../format.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateText } from "../mutate-text.ts";
import { MODELS, STATES } from "./model-file-seeds.ts";
import { weightTargets } from "./weight-targets.ts";

/** Reads two batches of whatever the list leads to. */
const NET = parsePrototxt(
  `layer { name: "data" type: "HDF5Data" top: "data" top: "label"
     hdf5_data_param { source: "list.txt" batch_size: 3 } }`,
  { message: "NetParameter" },
);

/** A file as `write` leaves it. */
async function fileOf(name: string, write: (path: string) => Promise<void>): Promise<Uint8Array> {
  using folder = temporaryFolder();
  const path = join(folder.path, name);
  await write(path);
  return readFileSync(path);
}

/** Two datasets of five rows, one of them in chunks. */
const dataFile = () =>
  fileOf("a.h5", (path) =>
    writeHdf5(path, (file) => {
      file.growingFloats("/data", [5, 2, 3], 2);
      file.append("/data", 0, [5, 2, 3], new Float32Array(30).fill(0.5));
      file.floats("/label", [5], Float32Array.of(0, 1, 2, 1, 0));
    }),
  );

async function readBatches(folder: string): Promise<void> {
  const net = await Net.load(NET, { root: folder, threads: 1, logger: silentLogger });
  try {
    for (let pass = 0; pass < 2; pass++) await net.run();
  } finally {
    net.dispose();
  }
}

export const hdf5: Format = {
  name: "hdf5",
  seeds: async () => [
    await fileOf("w.caffemodel.h5", (path) =>
      writeCaffemodel(path, decodeMessage("NetParameter", MODELS[0]!)),
    ),
    await fileOf("s.solverstate.h5", (path) =>
      writeSolverState(path, decodeMessage("SolverState", STATES[0]!)),
    ),
    await dataFile(),
  ],
  mutate(seed, random, others) {
    const damaged = mutateBytes(seed, random, others);
    if (random.oneIn(4)) return damaged;
    // The header states the file's length: where that is wrong, nothing else is looked at.
    return Buffer.concat([damaged, seed.subarray(damaged.length)]).subarray(0, seed.length);
  },
  /** The same bytes as each of the three kinds of files; the first error is enough to know. */
  async attempt(bytes, folder) {
    const path = join(folder, "a.h5");
    writeFileSync(path, bytes);
    writeFileSync(join(folder, "list.txt"), "a.h5\n");
    const readers = [
      async () => copyTrainedLayers(await readCaffemodel(path), weightTargets, silentLogger),
      () => readSolverState(path),
      () => readBatches(folder),
    ];
    let failure: CaffeError | undefined;
    for (const read of readers) {
      try {
        await read();
      } catch (error) {
        if (!(error instanceof CaffeError)) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
  },
};

let sound: Promise<Uint8Array> | undefined;

export const hdf5List: Format = {
  name: "hdf5-list",
  seeds: () =>
    ["a.h5\n", "a.h5\nb.h5 a.h5\n", "./a.h5\r\n\tb.h5"].map((text) => Buffer.from(text, "utf8")),
  mutate: (seed, random, others) =>
    mutateText(seed, random, others, ["a.h5", "b.h5", "list.txt", "none.h5", ".", "/", "~"]),
  async attempt(bytes, folder) {
    sound ??= dataFile();
    for (const name of ["a.h5", "b.h5"]) writeFileSync(join(folder, name), await sound);
    writeFileSync(join(folder, "list.txt"), bytes);
    await readBatches(folder);
  },
};
