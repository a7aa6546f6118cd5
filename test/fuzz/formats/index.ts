/** @file All formats that are fuzzed. */
import type { Format } from "../format.ts";
import { leveldb, lmdb } from "./databases.ts";
import { hdf5, hdf5List } from "./hdf5.ts";
import { imageList, windowList } from "./lists.ts";
import { binaryproto, caffemodel, datum, image, npy, solverstate } from "./model-files.ts";
import { net, solver } from "./prototxt.ts";
import { selfTest } from "./self-test.ts";

export const formats: readonly Format[] = [
  net,
  solver,
  caffemodel,
  solverstate,
  lmdb,
  leveldb,
  datum,
  image,
  binaryproto,
  npy,
  hdf5,
  hdf5List,
  imageList,
  windowList,
];

/** A format by its name, also the one that only tests of fuzzing itself ask for. */
export function formatNamed(name: string): Format | undefined {
  return [...formats, selfTest].find((format) => format.name === name);
}
