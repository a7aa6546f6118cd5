/** @file Reading and writing Caffe's binary files, each of which is one message. */
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

/**
 * Reads weights and brings layers of 2013 and 2014 to the current form.
 * @throws ModelFileError when the file is missing, something else, damaged or cut off
 */
export async function readCaffemodel(
  path: string,
  logger: Logger = silentLogger,
): Promise<NetParameter> {
  const bytes = await readBinaryFile(path, `Couldn't open ${path}`);
  const net = decodeMessage("NetParameter", bytes, { fileName: path });
  if (net.layer.length === 0 && net.layers.length === 0) {
    throw new ModelFileError(`${path}: no .caffemodel: there are no layers in it`);
  }
  return upgradeNet(net, logger);
}

/** Writes weights; the file appears whole or not at all. */
export async function writeCaffemodel(path: string, net: NetParameter): Promise<void> {
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
 * Reads a snapshot's .solverstate.
 * @throws ModelFileError as `readCaffemodel`
 */
export async function readSolverState(path: string): Promise<SolverState> {
  const bytes = await readBinaryFile(path, `File not found: ${path}`);
  const state = decodeMessage("SolverState", bytes, { fileName: path });
  if (state.learnedNet === undefined && state.history.length === 0) {
    throw new ModelFileError(`${path}: no .solverstate: it names no weights and has no history`);
  }
  return state;
}

export async function writeSolverState(path: string, state: SolverState): Promise<void> {
  await writeFileAtomically(path, encodeChunks("SolverState", state, { fileName: path }));
}
