/** @file HDF5Output: writes two blobs to an HDF5 file. */
import { accessSync, constants, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Blob } from "../core/blob.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, count, legacySize, sameShape } from "../core/shape.ts";
import {
  type Hdf5Library,
  appendHdf5,
  loadHdf5,
  readHdf5,
  systemReason,
  writeHdf5Sync,
} from "../model-file/index.ts";

const DATASETS = ["data", "label"] as const;
const FLOAT_BYTES = 4;
/** Rows that grow lie in the file in pieces: of so many passes, but not larger than this. */
const PIECE_PASSES = 64;
const PIECE_BYTES = 2 ** 20;

/**
 * Writes its bottoms as the datasets `data` and `label` of `file_name`.
 *
 * - Bottoms: data (N, ...), label (N, ...), of at most four axes; written with four, (N, C, H, W).
 * - No tops, and nothing runs backward.
 *
 * The first forward pass replaces the file, whole or not at all; before it, the file is not touched.
 * Caffe fails in the second pass; here each one adds its rows to those of the passes before. It does so
 * in the file itself, so that a process that dies in the middle of it may leave a damaged file.
 */
export const hdf5Output: LayerDefinition = {
  type: "HDF5Output",
  bottoms: exactly(2),
  tops: exactly(0),
  async setUp(context) {
    const { param, resolvePath, fail } = context;
    const { fileName } = param.hdf5OutputParam ?? {};
    if (!fileName) {
      return fail('needs the file to write: hdf5_output_param { file_name: "out.h5" }');
    }
    const path = resolvePath(fileName);
    const problem = unwritable(path);
    if (problem) fail(`Failed to open HDF5 file ${fileName}: ${problem}`, "hdf5OutputParam");
    return new Hdf5Output(context, fileName, path, await loadHdf5());
  },
};

function rowsInPiece([rows = 1, ...row]: Shape): number {
  const most = Math.floor(PIECE_BYTES / FLOAT_BYTES / Math.max(1, count(row)));
  return Math.max(1, Math.min(PIECE_PASSES * rows, most));
}

/** Files that layers of this process write. */
const inUse = new Set<string>();

/** Why a file cannot be written, as far as that is known before it is. */
function unwritable(path: string): string | undefined {
  if (inUse.has(path)) {
    return (
      "another HDF5Output layer writes it. Give each its own file_name; a layer that both the train " +
      "and the test net have needs an include { phase: TEST } or a name in each"
    );
  }
  if (basename(path) === "" || statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return "it is a folder";
  }
  try {
    accessSync(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return systemReason(error);
  }
}

class Hdf5Output implements Layer {
  readonly blobs = [];
  readonly #context: LayerContext;
  readonly #name: string;
  readonly #path: string;
  #library: Hdf5Library;
  /** Shapes of one row of data and label, from the first pass on. */
  #rowShapes: readonly Shape[] = [];
  #rows = 0;
  #isGrowing = false;

  constructor(context: LayerContext, name: string, path: string, library: Hdf5Library) {
    this.#context = context;
    this.#name = name;
    this.#path = path;
    this.#library = library;
    inUse.add(path);
  }

  reshape(bottoms: readonly Blob[]): void {
    const { fail } = this.#context;
    const [data, label] = bottoms.map(({ shape }) => shape);
    for (const shape of [data!, label!]) {
      if (shape.length > 4) {
        fail(
          `Cannot use legacy accessors on Blobs with > 4 axes: a bottom has ${shape.join(" x ")}`,
        );
      }
    }
    const [rows, labels] = [legacySize(data!, 0), legacySize(label!, 0)];
    if (rows !== labels) {
      fail(
        `data blob and label blob must have the same batch size: they have ${rows} and ${labels} rows`,
      );
    }
  }

  async prepare(): Promise<void> {
    this.#library = await loadHdf5();
  }

  forward(bottoms: readonly Blob[]): void {
    const { logger } = this.#context;
    const shapes = bottoms.map(({ shape }) => [0, 1, 2, 3].map((axis) => legacySize(shape, axis)));
    const values = bottoms.map(({ data }) => data);
    const [rows = 0] = shapes[0]!;
    logger.log("info", "hdf5_output_layer.cpp:33", `Saving HDF5 file ${this.#name}`);
    if (this.#rowShapes.length === 0) this.#write(shapes, values);
    else this.#append(shapes, values);
    this.#rows += rows;
    logger.log("info", "hdf5_output_layer.cpp:38", `Successfully saved ${rows} rows`);
  }

  backward(): void {}

  dispose(): void {
    inUse.delete(this.#path);
  }

  /** As Caffe does it: two arrays of just this size. */
  #write(shapes: readonly Shape[], values: readonly Float32Array[]): void {
    writeHdf5Sync(this.#library, this.#path, (file) => {
      DATASETS.forEach((name, i) => {
        file.floats(`/${name}`, shapes[i]!, values[i]!);
      });
    });
    this.#rowShapes = shapes.map((shape) => shape.slice(1));
  }

  #append(shapes: readonly Shape[], values: readonly Float32Array[]): void {
    shapes.forEach((shape, i) => {
      const first = this.#rowShapes[i]!;
      if (sameShape(first, shape.slice(1))) return;
      this.#context.fail(
        `${this.#name} holds rows of ${first.join(" x ")} as ${DATASETS[i]}; this batch has rows of ` +
          `${shape.slice(1).join(" x ")}, which cannot be added`,
      );
    });
    if (!this.#isGrowing) this.#makeGrowing();
    appendHdf5(this.#library, this.#path, (file) => {
      DATASETS.forEach((name, i) => {
        file.append(`/${name}`, this.#rows, shapes[i]!, values[i]!);
      });
    });
  }

  /** Writes the rows of the first pass again, to arrays that more can be added to. */
  #makeGrowing(): void {
    const opening = `Failed to open HDF5 file ${this.#name}`;
    const first = readHdf5(this.#library, this.#path, opening, (file) =>
      DATASETS.map((name) => {
        const array = file.array(`/${name}`, name);
        return { shape: array.shape, values: file.floats(array) };
      }),
    );
    writeHdf5Sync(this.#library, this.#path, (file) => {
      DATASETS.forEach((name, i) => {
        const { shape, values } = first[i]!;
        file.growingFloats(`/${name}`, shape, rowsInPiece(shape));
        file.append(`/${name}`, 0, shape, values);
      });
    });
    this.#isGrowing = true;
  }
}
