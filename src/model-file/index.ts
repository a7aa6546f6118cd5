/** @file Caffe's binary files: weights, solver states, mean images. */
export {
  syncFolder,
  systemCode,
  systemReason,
  temporaryBeside,
  writeFileAtomically,
} from "./atomic-write.ts";
export { foreignKind } from "./binary-file.ts";
export { type StoredBlob, blobFromProto, shapeFits } from "./blob-proto.ts";
export { checkTrainedLayer, copyTrainedLayers } from "./copy-trained-layers.ts";
export { type Hdf5Library, loadHdf5 } from "./hdf5/library.ts";
export { type Hdf5Array, type Hdf5Reader, readHdf5 } from "./hdf5/reader.ts";
export { appendHdf5, writeHdf5Sync } from "./hdf5/writer.ts";
export { isLeftOut } from "./hdf5/weights.ts";
export { startsAsHdf5 } from "./hdf5/signature.ts";
export {
  readBinaryProto,
  readCaffemodel,
  readSolverState,
  writeBinaryProto,
  writeCaffemodel,
  writeSolverState,
} from "./messages.ts";
export { readNpy } from "./npy.ts";
