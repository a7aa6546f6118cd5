/** @file The state of a solver in HDF5, as Caffe lays it out: three values and a group `history`. */
import { ModelFileError } from "../../errors.ts";
import { type BlobProto, type SolverState, createMessage } from "../../schema/index.ts";
import { blobFromProto } from "../blob-proto.ts";
import { loadHdf5 } from "./library.ts";
import { type Hdf5Reader, readHdf5 } from "./reader.ts";
import { writeHdf5 } from "./writer.ts";

/**
 * Reads a .solverstate.h5.
 * @throws ModelFileError when the file is missing, something else, damaged or cut off
 */
export async function readHdf5SolverState(path: string): Promise<SolverState> {
  const opening = `Couldn't open solver state file ${path}`;
  return readHdf5(await loadHdf5(), path, opening, (file) => {
    if (file.kind("/history") !== "group") {
      const names = file.names("/").slice(0, 20).join(", ");
      throw new ModelFileError(
        `Error reading history from ${path}: it has no group "history", but ${names || "nothing"}`,
      );
    }
    const hasNet = file.kind("/learned_net") === "dataset";
    return createMessage("SolverState", {
      iter: file.integer("/iter", "iter"),
      ...(hasNet ? { learnedNet: file.string("/learned_net", "learned_net") } : {}),
      currentStep: file.integer("/current_step", "current_step"),
      history: readHistory(file),
    });
  });
}

function readHistory(file: Hdf5Reader): BlobProto[] {
  return file.names("/history").map((_, index) => {
    const path = `/history/${index}`;
    if (file.kind(path) !== "dataset") {
      throw new ModelFileError(`Failed to find HDF5 dataset ${index}: ${file.name} has no ${path}`);
    }
    const array = file.array(path, path);
    return { shape: { dim: [...array.shape] }, data: file.floats(array) };
  });
}

/** Writes a .solverstate.h5; the file appears whole or not at all. */
export async function writeHdf5SolverState(path: string, state: SolverState): Promise<void> {
  await writeHdf5(path, (file) => {
    file.integer("/iter", state.iter ?? 0);
    file.string("/learned_net", state.learnedNet ?? "");
    file.integer("/current_step", state.currentStep ?? 0);
    file.group("/history");
    for (const [index, proto] of state.history.entries()) {
      const { shape, data } = blobFromProto(proto, `${path}: history ${index}`);
      file.floats(`/history/${index}`, shape, data);
    }
  });
}
