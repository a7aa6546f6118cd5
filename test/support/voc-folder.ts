/** @file A PASCAL VOC in small: photographs, label images with a palette, and lists of their names. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { PALETTE, pngFile } from "./png-file.ts";

export interface VocImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Class of each pixel; 255 does not count. */
  readonly label: Uint8Array;
}

/** Images of different sizes; the i-th has class i + 1 on its left, and a border that does not count. */
export const vocImages: readonly VocImage[] = [
  [5, 4],
  [6, 3],
  [4, 7],
].map(([width = 0, height = 0], index) => ({
  name: `2007_00000${index}`,
  width,
  height,
  label: Uint8Array.from({ length: width * height }, (_, i) => {
    const x = i % width;
    return x === 2 ? 255 : x < 2 ? index + 1 : 0;
  }),
}));

/** VOC's palette: the bits of an index spread over red, green and blue. */
const palette = Uint8Array.from({ length: 3 * 256 }, (_, at) => {
  const [index, channel] = [Math.floor(at / 3), at % 3];
  let value = 0;
  for (let bit = 0; bit < 3; bit++) value |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
  return value;
});

/** @returns the folder `root`/VOC2012, written with the splits train (all) and val (first two) */
export async function writeVoc(root: string): Promise<string> {
  const folder = join(root, "VOC2012");
  for (const name of ["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  await writeImages(join(folder, "JPEGImages"), join(folder, "SegmentationClass"));
  writeLists(join(folder, "ImageSets", "Segmentation"));
  return folder;
}

/** @returns the folder `root`/sbdd, with labels as PNGs */
export async function writeSbdd(root: string): Promise<string> {
  const folder = join(root, "sbdd");
  for (const name of ["img", "cls"]) mkdirSync(join(folder, name), { recursive: true });
  await writeImages(join(folder, "img"), join(folder, "cls"));
  writeLists(folder);
  return folder;
}

async function writeImages(imageFolder: string, labelFolder: string): Promise<void> {
  for (const { name, width, height, label } of vocImages) {
    const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => 150 + ((7 * i) % 90));
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 95 })
      .toFile(join(imageFolder, `${name}.jpg`));
    const rows = Array.from({ length: height }, (_, y) =>
      label.subarray(y * width, (y + 1) * width),
    );
    const png = pngFile(width, height, rows, { colorType: PALETTE, depth: 8, palette });
    writeFileSync(join(labelFolder, `${name}.png`), png);
  }
}

function writeLists(folder: string): void {
  const names = vocImages.map(({ name }) => name);
  writeFileSync(join(folder, "train.txt"), `${names.join("\n")}\n`);
  writeFileSync(join(folder, "val.txt"), names.slice(0, 2).join("\n"));
}
