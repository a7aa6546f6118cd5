/** @file All formats that are fuzzed. */
import type { Format } from "../format.ts";
import { leveldb, lmdb } from "./databases.ts";
import { binaryproto, caffemodel, datum, npy, solverstate } from "./model-files.ts";
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
  binaryproto,
  npy,
];

/** A format by its name, also the one that only tests of fuzzing itself ask for. */
export function formatNamed(name: string): Format | undefined {
  return [...formats, selfTest].find((format) => format.name === name);
}
