/** @file A list of image files as the records of a database, as convert_imageset makes them. */
import { readFile } from "node:fs/promises";
import {
  type BytePlanes,
  type ImageEncoding,
  type RecordWriter,
  decodeImage,
  encodeDatum,
  encodeImage,
  resizeBilinear,
} from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";
import { type Datum, createMessage } from "../../schema/index.ts";
import { checkInterrupted } from "../dataset/interrupt.ts";
import type { ListEntry } from "./list.ts";

export interface ImagesetOptions {
  /** The path of the file of an entry. */
  pathOf(entry: ListEntry): Buffer;
  readonly isGray: boolean;
  /** Sizes to resize to; 0: as the images are. */
  readonly height: number;
  readonly width: number;
  /** All images must have as many values as the first. */
  readonly checkSize: boolean;
  /** Stores images as files: of this type or, if that is "", of the type that their names say. */
  readonly encoding: string | undefined;
  /** Called for a file whose name does not say its type. */
  onUnknownEncoding(entry: ListEntry): void;
  /** Called for an image that cannot be used. */
  onSkipped(entry: ListEntry, reason: string | undefined): void;
  /** Called after each record. */
  onRecord(entries: number): void;
  readonly signal?: AbortSignal | undefined;
}

/** Files read, decoded and encoded at once, in other threads. */
const AHEAD = 8;

/**
 * Puts the images into a database; the keys are `%08d_` with the line's number, and the name.
 * @throws DataSourceError when sizes differ and must not, or an image cannot be encoded
 */
export async function convertImageset(
  list: readonly ListEntry[],
  database: RecordWriter,
  options: ImagesetOptions,
): Promise<void> {
  let size: number | undefined;
  for (let start = 0; start < list.length; start += AHEAD) {
    const batch = list.slice(start, start + AHEAD);
    const read = await Promise.all(batch.map((entry) => readRecord(entry, options)));
    for (const [i, record] of read.entries()) {
      checkInterrupted(options.signal);
      const entry = batch[i]!;
      if ("reason" in record) {
        options.onSkipped(entry, record.reason);
        continue;
      }
      size ??= record.values;
      if (options.checkSize && record.values !== size) {
        throw new DataSourceError(
          `Incorrect data field size ${record.values}: ${textOf(entry)} has not the ${size} values of the ` +
            "images before it; leave -check_size out, or give -resize_height and -resize_width",
        );
      }
      const number = String(start + i).padStart(8, "0");
      const key = Buffer.concat([Buffer.from(`${number}_`), entry.name]);
      await database.put(key, encodeDatum(record.datum));
      options.onRecord(database.entries);
    }
  }
}

/** An entry's name for messages. */
export function textOf({ name }: ListEntry): string {
  return name.toString("utf8");
}

interface ImageRecord {
  readonly datum: Datum;
  /** Channels x height x width. */
  readonly values: number;
}

async function readRecord(
  entry: ListEntry,
  options: ImagesetOptions,
): Promise<ImageRecord | { readonly reason: string | undefined }> {
  const { label } = entry;
  const bytes = await readFile(options.pathOf(entry)).catch(() => undefined);
  if (!bytes) return { reason: undefined };
  let image: BytePlanes;
  try {
    image = await decodedImage(bytes, entry, options);
  } catch (error) {
    if (error instanceof DataSourceError) return { reason: error.message };
    throw error;
  }
  const { channels, height, width, data } = image;
  const values = channels * height * width;
  if (options.encoding === undefined) {
    const fields = { channels, height, width, data, label, encoded: false };
    return { values, datum: createMessage("Datum", fields) };
  }
  const file = await encodedImage(bytes, image, entry, options);
  return { values, datum: createMessage("Datum", { data: file, label, encoded: true }) };
}

async function decodedImage(
  bytes: Uint8Array,
  entry: ListEntry,
  { isGray, height, width }: ImagesetOptions,
): Promise<BytePlanes> {
  const image = await decodeImage(bytes, textOf(entry), isGray ? "gray" : "color");
  const planes = { ...image, data: Uint8Array.from(image.data) };
  return height > 0 && width > 0 ? resizeBilinear(planes, height, width) : planes;
}

const ENCODINGS: Readonly<Record<string, ImageEncoding>> = {
  png: "png",
  jpg: "jpg",
  jpeg: "jpg",
  jpe: "jpg",
};

/**
 * The image as a file. That is the file itself where its name has the type and nothing is resized, even
 * a colour file where gray is asked for (BVLC ReadImageToDatum).
 */
async function encodedImage(
  bytes: Uint8Array,
  image: BytePlanes,
  entry: ListEntry,
  options: ImagesetOptions,
): Promise<Uint8Array> {
  const ending = /\.([^.]*)$/.exec(textOf(entry))?.[1]?.toLowerCase();
  if (ending === undefined && options.encoding === "") options.onUnknownEncoding(entry);
  const type = (options.encoding || (ending ?? "")).toLowerCase();
  const isThatType = ending === type || (type === "jpg" && ending === "jpeg") || type === "";
  if (isThatType && options.height <= 0 && options.width <= 0) return bytes;
  if (Object.hasOwn(ENCODINGS, type)) return encodeImage(image, ENCODINGS[type]!);
  throw new DataSourceError(
    `${textOf(entry)}: images are encoded as png or jpg, not as "${type}"; give -encode_type`,
  );
}
