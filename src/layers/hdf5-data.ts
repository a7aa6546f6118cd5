/** @file HDF5Data: batches of rows from HDF5 files. */
import { readFileSync, statSync } from "node:fs";
import type { Blob } from "../core/blob.ts";
import { type CRandom, createCRandom } from "../core/c-random.ts";
import {
  type Layer,
  type LayerContext,
  type LayerDefinition,
  atLeast,
  exactly,
} from "../core/layer.ts";
import type { Logger } from "../core/logger.ts";
import type { RandomSource } from "../core/random.ts";
import { Hdf5Rows, type Hdf5RowsPosition, type Hdf5Source } from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import { loadHdf5, startsAsHdf5, systemReason } from "../model-file/index.ts";
import { excerptOf, locationOf } from "../schema/index.ts";
import { refuseAugmentation } from "./support/augmented-source.ts";

const MAX_LIST_BYTES = 2 ** 26;

/**
 * Reads the datasets that are called like the tops, row by row, from the files that `source` lists.
 *
 * - Tops: any number; (N, ...) with N `batch_size` and the axes of a row. Floats and integers of all
 *   sizes become float32.
 *
 * Batches go on from one file to the next and, after the last, start again. `shuffle` takes files
 * and rows in another order each time: the one that Caffe draws with the C library on Linux, which
 * `random_seed` does not change. Files are opened only to be read, one after the other.
 */
export const hdf5Data: LayerDefinition = {
  type: "HDF5Data",
  bottoms: exactly(0),
  tops: atLeast(1),
  async setUp(context) {
    const { param, tops, logger, random, fail } = context;
    refuseAugmentation(
      context,
      "HDF5Data gives its rows as they are stored, several blobs of any axes: which are images, and which labels, nothing says.",
    );
    if (param.transformParam) {
      fail(
        "HDF5Data does not transform data. Remove transform_param; store the data as the net needs it.",
        "transformParam",
      );
    }
    const { batchSize = 0, shuffle = false } = param.hdf5DataParam ?? {};
    if (batchSize < 1) fail("batch_size must be positive", "hdf5DataParam.batchSize");
    const files = readList(context);
    const options = {
      files,
      datasets: param.top,
      shuffle: shuffle ? shufflerOf(random) : undefined,
      onClass: (name: string) => logClassOnce(logger, name),
    };
    const blame = (error: unknown) =>
      error instanceof DataSourceError ? sourceError(context, error.message, error) : error;
    try {
      const rows = new Hdf5Rows(await loadHdf5(), options);
      for (const [i, top] of tops.entries()) top.reshape(batchSize, ...rows.rowShapes[i]!);
      return layerOf(rows, batchSize, blame);
    } catch (error) {
      throw blame(error);
    }
  },
};

/** @param blame adds the layer and the place in the prototxt to the error of a file that is opened later */
function layerOf(rows: Hdf5Rows, batchSize: number, blame: (error: unknown) => unknown): Layer {
  const values: Float32Array[] = [];
  return {
    blobs: [],
    reshape() {},
    async prepare() {
      rows.library = await loadHdf5();
    },
    forward(_bottoms: readonly Blob[], tops: readonly Blob[]) {
      for (let i = 0; i < tops.length; i++) values[i] = tops[i]!.data;
      try {
        rows.read(batchSize, values);
      } catch (error) {
        throw blame(error);
      }
    },
    saveState: () => rows.position,
    restoreState: (state) => rows.moveTo(state as Partial<Hdf5RowsPosition>),
  };
}

/** The names in the list, with white space between them. */
function readList(context: LayerContext): Hdf5Source[] {
  const { param, logger, resolvePath } = context;
  const { source } = param.hdf5DataParam ?? {};
  if (!source) {
    return context.fail(
      'needs a source: hdf5_data_param { source: "list.txt" }, which lists HDF5 files',
    );
  }
  logger.log("info", "hdf5_data_layer.cpp:81", `Loading list of HDF5 filenames from: ${source}`);
  const bytes = readSource(context, source);
  if (startsAsHdf5(bytes)) {
    const advice = "put its name into a text file, and give that as the source";
    throw sourceError(context, `${source} is an HDF5 file itself, not a list of them: ${advice}`);
  }
  const names = bytes
    .toString("utf8")
    .split(/[ \t\n\v\f\r]+/)
    .filter(Boolean);
  logger.log("info", "hdf5_data_layer.cpp:95", `Number of HDF5 files: ${names.length}`);
  if (names.length === 0) {
    throw sourceError(context, `Must have at least 1 HDF5 filename listed in ${source}`);
  }
  return names.map((name) => ({ name: shown(name), path: resolvePath(name) }));
}

function readSource(context: LayerContext, source: string): Buffer {
  const path = context.resolvePath(source);
  try {
    const { size } = statSync(path);
    if (size > MAX_LIST_BYTES) throw new Error(`${size} bytes are no list of files`);
    return readFileSync(path);
  } catch (cause) {
    const problem = `Failed to open source file: ${source}: ${systemReason(cause)}`;
    throw sourceError(context, problem, cause);
  }
}

/** A name for messages: a list that is something else has long and unprintable ones. */
function shown(name: string): string {
  const printable = name.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
  return printable.length > 200 ? `${printable.slice(0, 200)}...` : printable;
}

const shufflers = new WeakMap<RandomSource, CRandom>();

/** All nets that draw from one source of random numbers share the C library's, as in one process of Caffe. */
function shufflerOf(random: RandomSource): CRandom {
  const known = shufflers.get(random) ?? createCRandom();
  shufflers.set(random, known);
  return known;
}

const logged = new WeakMap<Logger, Set<string>>();

/** Caffe says this once in a process. */
function logClassOnce(logger: Logger, className: string): void {
  const names = logged.get(logger) ?? new Set();
  logged.set(logger, names);
  if (names.has(className)) return;
  names.add(className);
  logger.log("info", "hdf5.cpp:33", `Datatype class: ${className}`);
}

/** An error with the place of the source in the prototxt. */
function sourceError({ param }: LayerContext, problem: string, cause?: unknown): DataSourceError {
  return new DataSourceError(`layer "${param.name ?? ""}" (HDF5Data): ${problem}`, {
    location: locationOf(param, "hdf5DataParam.source"),
    excerpt: excerptOf(param, "hdf5DataParam.source"),
    cause,
  });
}
