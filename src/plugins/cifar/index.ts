/** @file CIFAR-10's binary batches as the records that Caffe's examples train on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openByteStream } from "../../data/byte-stream.ts";
import { type StoredRecord, encodeDatum } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";

/** Red, green and blue planes of 32 x 32. */
const SHAPE = { channels: 3, height: 32, width: 32 } as const;
const IMAGE_BYTES = 3 * 32 * 32;
/** Images in each file. */
const BATCH_SIZE = 10000;
export const TRAIN_BATCHES = 5;

/**
 * The images of one batch as Datums, in the file's order of channels: red, green, blue. Keys are
 * the images' numbers over all batches as `%05d`.
 * @param folder holds data_batch_1.bin and the others, or the same packed as .bin.gz
 * @param batch 1 to 5 for training, or "test"
 * @throws DataSourceError when the file is missing or cut off
 */
export async function* cifarRecords(
  folder: string,
  batch: number | "test",
): AsyncGenerator<StoredRecord> {
  const isTest = batch === "test";
  const plain = join(folder, isTest ? "test_batch.bin" : `data_batch_${batch}.bin`);
  const path = existsSync(plain) || !existsSync(`${plain}.gz`) ? plain : `${plain}.gz`;
  const what = isTest ? "test file" : `train file #${batch}`;
  const file = await openByteStream(path, `Unable to open ${what} ${path}`);
  const first = isTest ? 0 : (batch - 1) * BATCH_SIZE;
  try {
    for (let item = 0; item < BATCH_SIZE; item++) {
      const bytes = await file.read(1 + IMAGE_BYTES);
      if (bytes.length < 1 + IMAGE_BYTES) {
        throw new DataSourceError(`${path}: cut off: it ends at image ${item} of ${BATCH_SIZE}`);
      }
      const key = Buffer.from(String(first + item).padStart(5, "0"));
      const datum = { ...SHAPE, data: bytes.subarray(1), label: bytes[0]! };
      yield { key, value: encodeDatum(datum) };
    }
  } finally {
    await file.close();
  }
}
