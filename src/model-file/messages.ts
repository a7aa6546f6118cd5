/** @file Reading and writing Caffe's binary files, each of which is one message, or the same in HDF5. */
import { type Logger, silentLogger } from "../core/logger.ts";
import { ModelFileError } from "../errors.ts";
import {
  type BlobProto,
  type NetParameter,
  type SolverState,
  decodeMessage,
  encodeChunks,
  upgradeNet,
} from "../schema/index.ts";
import { writeFileAtomically } from "./atomic-write.ts";
import { readBinaryFile } from "./binary-file.ts";
import { isHdf5File } from "./hdf5/signature.ts";
import { readHdf5SolverState, writeHdf5SolverState } from "./hdf5/solver-state.ts";
import { isLeftOut, readHdf5Weights, writeHdf5Weights } from "./hdf5/weights.ts";

/**
 * Reads weights and brings layers of 2013 and 2014 to the current form. HDF5 is known by its content.
 * @throws ModelFileError when the file is missing, something else, damaged or cut off
 */
export async function readCaffemodel(
  path: string,
  logger: Logger = silentLogger,
): Promise<NetParameter> {
  if (isHdf5File(path)) return readHdf5Weights(path);
  const bytes = await readBinaryFile(path, `Couldn't open ${path}`);
  try {
    const net = decodeMessage("NetParameter", bytes, { fileName: path, ownsBytes: true });
    if (net.layer.length > 0 || net.layers.length > 0) return upgradeNet(net, logger);
  } catch (error) {
    if (!isSolverState(bytes)) throw error;
  }
  const what = isSolverState(bytes)
    ? " holds the state of a solver (.solverstate), not weights (.caffemodel): give it as snapshot " +
      "to resume, or give the .caffemodel beside it"
    : ": no .caffemodel: there are no layers in it";
  throw new ModelFileError(path + what);
}

function isSolverState(bytes: Uint8Array): boolean {
  try {
    const { learnedNet, history } = decodeMessage("SolverState", bytes);
    return learnedNet !== undefined && history.length > 0;
  } catch {
    return false;
  }
}

/** Writes weights, as HDF5 where the name ends in ".h5"; the file appears whole or not at all. */
export async function writeCaffemodel(path: string, net: NetParameter): Promise<void> {
  if (isHdf5Name(path)) return writeHdf5Weights(path, net);
  const incomplete = net.layer.find(({ blobs }) => blobs.some(isLeftOut));
  if (incomplete) {
    throw new ModelFileError(
      `${path}: layer "${incomplete.name ?? ""}" lacks a blob, which its HDF5 file holds in the layer that ` +
        "shares it: load the file into the net, and save that",
    );
  }
  await writeFileAtomically(path, encodeChunks("NetParameter", net, { fileName: path }));
}

/**
 * Reads one blob, such as a mean image.
 * @throws ModelFileError as `readCaffemodel`
 */
export async function readBinaryProto(path: string): Promise<BlobProto> {
  const bytes = await readBinaryFile(path, `File not found: ${path}`);
  const blob = decodeMessage("BlobProto", bytes, { fileName: path });
  if (!blob.data?.length && !blob.doubleData?.length) {
    throw new ModelFileError(`${path}: no .binaryproto: there are no values in it`);
  }
  return blob;
}

export async function writeBinaryProto(path: string, blob: BlobProto): Promise<void> {
  await writeFileAtomically(path, encodeChunks("BlobProto", blob, { fileName: path }));
}

/**
 * Reads a snapshot's .solverstate. HDF5 is known by its content.
 * @throws ModelFileError as `readCaffemodel`
 */
export async function readSolverState(path: string): Promise<SolverState> {
  if (isHdf5File(path)) return readHdf5SolverState(path);
  const missing = isHdf5Name(path) ? "Couldn't open solver state file" : "File not found:";
  const bytes = await readBinaryFile(path, `${missing} ${path}`);
  const state = decodeMessage("SolverState", bytes, { fileName: path, ownsBytes: true });
  if (state.learnedNet === undefined && state.history.length === 0) {
    throw new ModelFileError(`${path}: no .solverstate: it names no weights and has no history`);
  }
  return state;
}

/** Writes a snapshot's state, as HDF5 where the name ends in ".h5"; the file appears whole or not at all. */
export async function writeSolverState(path: string, state: SolverState): Promise<void> {
  if (isHdf5Name(path)) return writeHdf5SolverState(path, state);
  await writeFileAtomically(path, encodeChunks("SolverState", state, { fileName: path }));
}

/** Caffe's names of files in HDF5: x.caffemodel.h5, x.solverstate.h5. */
function isHdf5Name(path: string): boolean {
  return path.endsWith(".h5");
}
