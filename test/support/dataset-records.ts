/** @file The records of a dataset's databases, for tests to look at. */
import { join } from "node:path";
import {
  decodeDatum,
  decodeImage,
  datumPlanes,
  keyText,
  openLmdb,
  type Planes,
} from "../../src/data/index.ts";

export interface StoredRecord extends Planes {
  readonly key: string;
  readonly label: number | undefined;
  readonly encoded: boolean;
}

/** Every record of an LMDB, decoded, in the order of the keys. */
export async function readRecords(...path: readonly string[]): Promise<StoredRecord[]> {
  const folder = join(...path);
  const reader = openLmdb(folder);
  const records: StoredRecord[] = [];
  const cursor = reader.cursor();
  for (let more = cursor.first(); more; more = cursor.next()) {
    const datum = decodeDatum(Uint8Array.from(cursor.value));
    const planes =
      datum.encoded && datum.data ? await decodeImage(datum.data, folder) : datumPlanes(datum);
    const { label, encoded = false } = datum;
    records.push({ ...planes, key: keyText(cursor.key), label, encoded });
  }
  reader.close();
  return records;
}
