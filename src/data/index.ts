/** @file Datasets: LMDBs and LevelDBs, their records, images, means, and the way of an image into a blob. */
export { Augmenter } from "./augment/augmenter.ts";
export {
  type Augmentation,
  type AugmentationProblem,
  augmentationProblem,
  changesValues,
  movesPixels,
} from "./augment/settings.ts";
export {
  type DecodeOrder,
  type DecodedImage,
  type ImageDecoder,
  openImageDecoder,
} from "./decoder/index.ts";
export { type Planes, datumPlanes, decodeDatum, encodeDatum } from "./datum.ts";
export { type ImageEncoding, encodeImage } from "./encode-image.ts";
export { Hdf5Rows, type Hdf5RowsPosition, type Hdf5Source } from "./hdf5-rows.ts";
export { type ColorMode, type Image, MAX_PIXELS, decodeImage, encodePng } from "./image.ts";
export { type ImageForm, loadImage } from "./load-image.ts";
export { ImageList } from "./image-list.ts";
export { type LmdbCursor, type LmdbReader, keyText, openLmdb } from "./lmdb/reader.ts";
export { type LmdbWriter, createLmdb } from "./lmdb/writer.ts";
export { MeanAccumulator, type MeanImage, readMeanImage } from "./mean.ts";
export { decodePngPlanes } from "./png.ts";
export { RecordCursor } from "./record-cursor.ts";
export type { RecordWriter } from "./record-writer.ts";
export { type Backend, type StoredRecord, createRecords, readRecords } from "./records.ts";
export { type StoredImage, storedPlanes } from "./stored-image.ts";
export { type PlanesShape, Transformer } from "./transformer.ts";
export { type BytePlanes, resizeBilinear } from "./resize.ts";
export { sourceError } from "./source-error.ts";
export type { CutSettings } from "./window-cut.ts";
export { type Window, type WindowList, type WindowTable, readWindowList } from "./window-list.ts";
