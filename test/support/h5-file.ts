/** @file HDF5 files for tests, written by h5py. */
import { hasPythonModule, runPython } from "./python.ts";

export const hasH5py = hasPythonModule("h5py");

/** Runs Python lines with `f`, an h5py.File open for writing, and `np`. */
export function writeH5(path: string, lines: string, mode = "w"): void {
  const script = `
import json, sys, warnings
warnings.simplefilter("ignore")
import h5py, numpy as np
path, mode, lines = json.load(sys.stdin)
with h5py.File(path, mode) as f:
    exec(lines)
print("null")`;
  runPython(script, [path, mode, lines]);
}
