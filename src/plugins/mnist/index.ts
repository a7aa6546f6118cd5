/** @file MNIST's own files, images and labels apart, as the records that Caffe's examples train on. */
import { type ByteStream, openByteStream } from "../../data/byte-stream.ts";
import { type StoredRecord, encodeDatum } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";

const IMAGES_MAGIC = 2051;
const LABELS_MAGIC = 2049;
/** The largest side of an image that is read. */
const MAX_SIDE = 65535;

/** A file of images and one of their labels, of which only the headers are read yet. */
export interface Mnist {
  readonly items: number;
  readonly rows: number;
  readonly cols: number;
  /** Every image with its label as a Datum; keys are the images' numbers as `%08d`. */
  records(): AsyncGenerator<StoredRecord>;
  close(): Promise<void>;
}

/**
 * Opens MNIST's files, in their "idx" form, packed by gzip or not.
 * @throws DataSourceError when a file is missing or another, or there are not as many labels as images
 */
export async function openMnist(imagePath: string, labelPath: string): Promise<Mnist> {
  const images = await openByteStream(imagePath, `Unable to open file ${imagePath}`);
  let labels: ByteStream | undefined;
  const close = async () => {
    await images.close();
    await labels?.close();
  };
  try {
    labels = await openByteStream(labelPath, `Unable to open file ${labelPath}`);
    const [items, rows, cols] = await imageHeader(images, imagePath);
    const labelCount = await labelHeader(labels, labelPath);
    if (items !== labelCount) {
      throw new DataSourceError(
        `${imagePath} has ${items} images, but ${labelPath} has ${labelCount} labels`,
      );
    }
    const files = { images, labels, imagePath, labelPath };
    return { items, rows, cols, close, records: () => records(files, items, rows, cols) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function imageHeader(file: ByteStream, path: string): Promise<[number, number, number]> {
  const [magic, items, rows, cols] = await header(file, 4);
  if (magic !== IMAGES_MAGIC || !rows || !cols || rows > MAX_SIDE || cols > MAX_SIDE) {
    throw new DataSourceError(
      `${path}: Incorrect image file magic. Give the file of images, such as train-images-idx3-ubyte`,
    );
  }
  return [items!, rows, cols];
}

async function labelHeader(file: ByteStream, path: string): Promise<number> {
  const [magic, items] = await header(file, 2);
  if (magic !== LABELS_MAGIC || items === undefined) {
    throw new DataSourceError(
      `${path}: Incorrect label file magic. Give the file of labels, such as train-labels-idx1-ubyte`,
    );
  }
  return items;
}

/** The first big-endian words of a file; fewer where it ends. */
async function header(file: ByteStream, words: number): Promise<number[]> {
  const bytes = Buffer.from(await file.read(4 * words));
  return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32BE(4 * i));
}

async function* records(
  files: { images: ByteStream; labels: ByteStream; imagePath: string; labelPath: string },
  items: number,
  rows: number,
  cols: number,
): AsyncGenerator<StoredRecord> {
  const whole = async (file: ByteStream, size: number, path: string, item: number) => {
    const bytes = await file.read(size);
    if (bytes.length === size) return bytes;
    throw new DataSourceError(`${path}: cut off: it ends at item ${item} of ${items}`);
  };
  for (let item = 0; item < items; item++) {
    const data = await whole(files.images, rows * cols, files.imagePath, item);
    const [label] = await whole(files.labels, 1, files.labelPath, item);
    const key = Buffer.from(String(item).padStart(8, "0"));
    const value = encodeDatum({ channels: 1, height: rows, width: cols, data, label: label! });
    yield { key, value };
  }
}
