/** @file Looks through a LevelDB's logs for damage that LevelDB would pass over in silence. */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { crc32c } from "./crc32c.ts";

// The format of logs: google/leveldb doc/log_format.md.
const BLOCK = 32768;
const HEADER = 7;

/**
 * Checks each record of each log against its checksum. LevelDB leaves out a record that does not fit, and
 * what follows it in its block, without a word; a small database of Caffe's, whose write buffer is large,
 * has all its images there. A record that the end of the file cuts off is none: its writer was stopped.
 * @throws DataSourceError at the first damaged place
 */
export async function checkLogs(path: string): Promise<void> {
  for (const name of readdirSync(path)) {
    if (!/^\d+\.log$/.test(name)) continue;
    const place = damagedAt(await readFile(join(path, name)));
    if (place === undefined) continue;
    throw new DataSourceError(
      `${join(path, name)}: damaged at byte ${place}: the checksum of its record does not fit. Copy the ` +
        "file again, or create the dataset again.",
    );
  }
}

/** The first byte of the first record that does not fit its checksum. */
function damagedAt(log: Buffer): number | undefined {
  let at = 0;
  while (at + HEADER <= log.length) {
    const blockEnd = (Math.floor(at / BLOCK) + 1) * BLOCK;
    const length = log.readUInt16LE(at + 4);
    const isFiller = blockEnd - at < HEADER || (log[at + 6] === 0 && length === 0);
    if (isFiller) {
      at = blockEnd;
      continue;
    }
    const end = at + HEADER + length;
    if (end > blockEnd) return at;
    if (end > log.length) return undefined;
    if (unmasked(log.readUInt32LE(at)) !== crc32c(log, at + 6, end)) return at;
    at = end;
  }
  return undefined;
}

/** Stored checksums are rotated and shifted, so that a checksum of checksums stays sound. */
function unmasked(stored: number): number {
  const rotated = (stored - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
