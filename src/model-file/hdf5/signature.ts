/** @file Whether a file is an HDF5 file: by its signature, as the library itself decides. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
/** The signature stands at the start, or at 512, 1024, 2048, ... after a block of the user's. */
const FIRST_USER_BLOCK = 512;

/** Whether the bytes are the start of an HDF5 file. */
export function startsAsHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.equals(bytes.subarray(0, SIGNATURE.length));
}

/** Whether the file is an HDF5 file; false for one that cannot be read. (HDF5's `H5Fis_hdf5`) */
export function isHdf5File(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    const { size } = fstatSync(file);
    const head = Buffer.alloc(SIGNATURE.length);
    for (let at = 0; at < size; at = at === 0 ? FIRST_USER_BLOCK : 2 * at) {
      readSync(file, head, 0, head.length, at);
      if (startsAsHdf5(head)) return true;
    }
    return false;
  } catch {
    return false; // a folder, a device
  } finally {
    closeSync(file);
  }
}
