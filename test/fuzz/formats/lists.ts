/** @file Fuzzing of lists of images: for ImageData and WindowData. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImageList } from "../../../src/data/image-list.ts";
import { readWindowList } from "../../../src/data/window-list.ts";
import type { Format } from "../format.ts";
import { mutateText } from "../mutate-text.ts";

const asBytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, "utf8"));

function written(bytes: Uint8Array, folder: string): string {
  const path = join(folder, "list.txt");
  writeFileSync(path, bytes);
  return path;
}

export const imageList: Format = {
  name: "image-list",
  seeds: () =>
    asBytes(["a.png 0\nb c.jpg 12\n", "\uFEFFx -1\r\n\r\ny 99999999999\nz", "/a/b.png\t3 4"]),
  mutate: (seed, random, others) => mutateText(seed, random, others, ["a.png", "b.jpg"]),
  attempt(bytes, folder) {
    const list = new ImageList(written(bytes, folder));
    for (let i = 0; i < list.length; i++) {
      const [place, name, label] = [list.place(i), list.nameOf(i), list.labelOf(i)];
      if (!Number.isInteger(label) || name.includes("\n")) throw new Error(`${place}: ${label}`);
    }
  },
};

export const windowList: Format = {
  name: "window-list",
  seeds: () =>
    asBytes([
      "# 0\na.png\n3 100 200\n2\n1 0.9 0 0 50 60\n0 0.1 3 4 99 98\n# 1\nb.png\n1 10 10\n0\n",
      "# 0 a.png 3 4 5 1 7 0.5 0 0 3 3",
    ]),
  mutate: (seed, random, others) => mutateText(seed, random, others, ["#", "a.png"]),
  attempt(bytes, folder) {
    const { images, foreground, background } = readWindowList(written(bytes, folder), 0.5, 0.5);
    for (const table of [foreground, background]) {
      for (let i = 0; i < table.length; i++) {
        if (!images[table.at(i).image]) throw new Error(`window ${i} belongs to no image`);
      }
    }
  },
};
