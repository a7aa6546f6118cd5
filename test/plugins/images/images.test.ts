/** @file The images plug-in: pairs by name, labels of every kind, splits. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { LogLevel } from "../../../src/core/logger.ts";
import type { Sample } from "../../../src/plugins/dataset/stage.ts";
import {
  buildImagesDataset,
  type ImagesOptions,
  planImagesDataset,
} from "../../../src/plugins/images/index.ts";
import { hasShared, sharedPath } from "../../support/shared.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const temporary = temporaryFolder("images");
let folders = 0;

/** Files by name, in a new folder. */
function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = temporary(`in-${folders++}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** A PNG, 2 wide, of the given samples. */
function png(samples: readonly number[], channels = 1, extra: object = {}): Uint8Array {
  const wide = samples.some((value) => value > 255);
  const data = wide ? Uint16Array.from(samples) : Uint8Array.from(samples);
  const height = samples.length / channels / 2;
  return encode({ width: 2, height, data, channels, depth: wide ? 16 : 8, ...extra });
}

type Options = Partial<ImagesOptions> & Pick<ImagesOptions, "images" | "labels">;

/** What the plug-in makes of the files: the plan, and every sample or the reason why there is none. */
async function read(options: Options) {
  const messages: string[] = [];
  const logger = {
    log: (_level: LogLevel, _source: string, message: string) => void messages.push(message),
  };
  const plan = await planImagesDataset({ valPercent: 0, logger, ...options });
  const samples = new Map<string, Sample>();
  const problems: string[] = [];
  for (const entry of [...plan.train, ...plan.val]) {
    await entry.load().then(
      (sample) => samples.set(entry.id, sample),
      (cause: Error) => problems.push(cause.message),
    );
  }
  return { plan, messages, samples, problems };
}

/** The values of the only image, or of that named "a". */
async function feature(options: Options) {
  return (await read(options)).samples.get("a")!.feature.data;
}

async function label(options: Options): Promise<number[]> {
  return [...(await read(options)).samples.get("a")!.label.data];
}

const one = (bytes: Uint8Array) => folderOf({ "a.png": bytes });
const gray = () => one(png([1, 2, 3, 4]));

describe("features", () => {
  test("keep gray, colour and 16-bit values, colours in Caffe's order", async () => {
    const labels = one(png([0, 1, 2, 1]));
    const colour = one(png([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 3));
    // Blue, green, red planes of the pixels (1,2,3) (4,5,6) (7,8,9) (10,11,12).
    const planes = [3, 6, 9, 12, 2, 5, 8, 11, 1, 4, 7, 10];
    expect(await feature({ images: colour, labels })).toEqual(Uint8Array.from(planes));
    const deep = Uint16Array.from([0, 256, 700, 65535]);
    expect(await feature({ images: one(png([...deep])), labels })).toEqual(deep);
    expect(await feature({ images: gray(), labels })).toEqual(Uint8Array.from([1, 2, 3, 4]));
  });

  test("become gray by the luma of PIL, or three channels", async () => {
    const labels = one(png([0, 1, 2, 1]));
    const colour = one(png([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30], 3));
    expect([...(await feature({ images: colour, labels, channels: "L" }))]).toEqual([
      76, 150, 29, 18,
    ]);
    const rgb = await feature({ images: gray(), labels, channels: "RGB" });
    expect([...rgb]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  });

  test("are read from BMP, PNM and JPEG too", async () => {
    const pgm = Buffer.concat([
      Buffer.from("P5\n# by hand\n2 2\n255\n"),
      Buffer.from([9, 8, 7, 6]),
    ]);
    const bmp = Buffer.alloc(54 + 16);
    bmp.write("BM", "latin1");
    bmp.writeUInt32LE(54, 10);
    bmp.writeUInt32LE(40, 14);
    bmp.writeInt32LE(2, 18);
    bmp.writeInt32LE(2, 22);
    bmp.writeUInt16LE(24, 28);
    // Rows from below, each padded to 8 bytes; blue, green, red.
    bmp.set([7, 8, 9, 10, 11, 12], 54);
    bmp.set([1, 2, 3, 4, 5, 6], 62);
    const raw = { width: 2, height: 2, channels: 3 } as const;
    const jpeg = await sharp(Buffer.alloc(12, 200), { raw }).jpeg().toBuffer();
    const images = folderOf({ "a.pgm": pgm, "b.BMP": bmp, "c.jpg": jpeg });
    const classes = png([0, 1, 2, 1]);
    const labels = folderOf({ "a.png": classes, "b.png": classes, "c.png": classes });
    const { samples } = await read({ images, labels, channels: "RGB" });
    const of = (name: string) => [...samples.get(name)!.feature.data];
    expect(of("a")).toEqual([9, 8, 7, 6, 9, 8, 7, 6, 9, 8, 7, 6]);
    expect(of("b")).toEqual([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    expect(of("c").every((value) => Math.abs(value - 200) <= 1)).toBe(true);
  });

  test("are refused at a size that no image may have, before one is read", async () => {
    const resize = { width: 99_999, height: 99_999 };
    const plan = planImagesDataset({ images: "nowhere", labels: "nowhere", resize });
    await expect(plan).rejects.toThrow("99999 x 99999 pixels are more than an image may have");
  });

  test("and labels are resized, labels without new values", async () => {
    const images = one(png([0, 100, 0, 100]));
    const labels = one(png([0, 5, 0, 5]));
    const options = { images, labels, labelValues: "0,5", resize: { width: 4, height: 1 } };
    expect([...(await feature(options))]).toEqual([0, 25, 75, 100]);
    expect(await label(options)).toEqual([0, 0, 1, 1]);
  });
});

describe("labels", () => {
  test("of two values, 0 and another, are the classes 0 and 1", async () => {
    const { samples, messages, plan } = await read({
      images: gray(),
      labels: one(png([0, 255, 255, 0])),
    });
    expect([...samples.get("a")!.label.data]).toEqual([0, 1, 1, 0]);
    expect(messages).toEqual(["labels hold 0 and 255, taken as classes 0 and 1"]);
    expect(plan.description.classNames).toEqual(["background", "foreground"]);
    expect(plan.description.palette).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
  });

  test("of more values are the classes", async () => {
    const { samples, messages, plan } = await read({
      images: gray(),
      labels: one(png([0, 3, 1, 3])),
    });
    expect([...samples.get("a")!.label.data]).toEqual([0, 3, 1, 3]);
    expect(messages).toEqual([]);
    expect(plan.description.classNames).toEqual(["class 0", "class 1", "class 2", "class 3"]);
  });

  test("are palette indices, and the palette is kept", async () => {
    const palette = [
      [0, 0, 0],
      [255, 0, 0],
      [0, 0, 255],
    ];
    const { samples, plan } = await read({
      images: gray(),
      labels: one(png([0, 2, 1, 2], 1, { palette })),
    });
    expect([...samples.get("a")!.label.data]).toEqual([0, 2, 1, 2]);
    expect(plan.description.palette).toEqual(palette);
  });

  test("of packed pixels are unpacked", async () => {
    // Sixteen indices of four bits, as sharp writes palettes of up to 16 colours.
    const indices = Array.from({ length: 6 }, (_, i) => i);
    const colours = Buffer.from(indices.flatMap((i) => [40 * i, 0, 255 - 40 * i]));
    const packed = await sharp(colours, { raw: { width: 3, height: 2, channels: 3 } })
      .png({ palette: true, colours: 16, dither: 0 })
      .toBuffer();
    const images = one(packed);
    expect(packed[24]).toBe(4);
    const rgb = await feature({ images, labels: images, channels: "RGB" });
    expect([...rgb.slice(12)]).toEqual(indices.map((i) => 40 * i));
  });

  test("must have one palette", async () => {
    const classes = (colour: number[]) => png([0, 1, 1, 0], 1, { palette: [[0, 0, 0], colour] });
    const labels = folderOf({ "a.png": classes([1, 1, 1]), "b.png": classes([2, 2, 2]) });
    const images = folderOf({ "a.png": png([1, 2, 3, 4]), "b.png": png([1, 2, 3, 4]) });
    await expect(read({ images, labels })).rejects.toThrow(
      "All label images must use the same palette",
    );
  });

  test("map by given values, and name the pixel that has another", async () => {
    const labels = one(png([10, 20, 30, 10]));
    expect(await label({ images: gray(), labels, labelValues: "10, 20, 30" })).toEqual([
      0, 1, 2, 0,
    ]);
    const { problems } = await read({ images: gray(), labels, labelValues: "10,20" });
    expect(problems.join()).toMatch(/a\.png: pixel \(0, 1\) has the value 30, which is no class/);
    await expect(read({ images: gray(), labels, labelValues: "1" })).rejects.toThrow(
      '--label-values is "1"',
    );
  });

  test("in colour are read with a colour map", async () => {
    const labels = one(png([0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0], 3));
    await expect(read({ images: gray(), labels })).rejects.toThrow(
      "need a colour map (--colormap)",
    );
    const texts = folderOf({
      "map.txt": Buffer.from("0 0 0\n255 0 0\n"),
      "names.txt": Buffer.from("nothing\nroad\n"),
    });
    const colormap = join(texts, "map.txt");
    const classLabels = join(texts, "names.txt");
    const { samples, plan } = await read({ images: gray(), labels, colormap, classLabels });
    expect([...samples.get("a")!.label.data]).toEqual([0, 1, 1, 0]);
    expect(plan.description.classNames).toEqual(["nothing", "road"]);
  });
});

describe("pairs", () => {
  test("match by name, in subfolders too, whatever the extension", async () => {
    const image = png([1, 2, 3, 4]);
    const images = folderOf({ "x/b.png": image, "a.png": image, "readme.txt": Buffer.from("") });
    const labels = folderOf({ "x/b.png": image, "a.png": image });
    const { samples } = await read({ images, labels });
    expect([...samples.keys()].sort()).toEqual(["a", "x/b"]);
    rmSync(join(labels, "a.png"));
    await expect(read({ images, labels })).rejects.toThrow(
      /2 images in .*, 1 labels in .*; .*a\.png has no label of that name/,
    );
  });

  test("of different sizes and damaged files are named", async () => {
    const images = folderOf({
      "a.png": png([1, 2, 3, 4]),
      "b.png": png([1, 2]),
      "c.png": Buffer.from("\x89PNG...", "latin1"),
      "d.jpg": Buffer.from("no image"),
    });
    const classes = png([0, 1, 1, 0]);
    const labels = folderOf(
      Object.fromEntries(["a", "b", "c", "d"].map((name) => [`${name}.png`, classes])),
    );
    const { samples, problems } = await read({ images, labels });
    expect([...samples.keys()]).toEqual(["a"]);
    expect(problems).toHaveLength(3);
    const text = problems.join("\n");
    expect(text).toMatch(/b\.png: is 2x1, but its label .* is 2x2/);
    expect(text).toMatch(/c\.png: cannot be read as an image: the file ends inside its header/);
    expect(text).toMatch(/d\.jpg: /);
  });

  test("of validation folders validate", async () => {
    const image = png([1, 2, 3, 4]);
    const images = folderOf({ "a.png": image, "b.png": image });
    const val = folderOf({ "a.png": image });
    const options = { images, labels: images, valImages: val };
    const { plan } = await read({ ...options, valLabels: val });
    expect([plan.train.length, plan.val.map(({ id }) => id)]).toEqual([2, ["val/a"]]);
    await expect(read(options)).rejects.toThrow("go together");
  });

  test("are kept together by patient", async () => {
    const names = ["p1-IM-1", "p1-IM-2", "p2-IM-1", "p2-IM-2", "p3-IM-1", "p3-IM-2"];
    const folder = folderOf(
      Object.fromEntries(names.map((name) => [`${name}.png`, png([1, 2, 3, 4])])),
    );
    const options = { images: folder, labels: folder, split: "patient", valPercent: 40 } as const;
    const { plan } = await read(options);
    expect(new Set(plan.val.map(({ group }) => group)).size).toBe(1);
    expect(plan.val).toHaveLength(2);
    const byNumber = await read({ ...options, groupRegex: "IM-(\\d)" });
    expect(byNumber.plan.val).toHaveLength(3);
    await expect(read({ ...options, groupRegex: "q(.)" })).rejects.toThrow(
      "does not find a first group",
    );
    await expect(read({ ...options, groupRegex: "(" })).rejects.toThrow("is no regular expression");
  });
});

test("an image that claims to be huge is refused before memory is taken", async () => {
  const bytes = Buffer.from(png([1, 2, 3, 4]));
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  const { problems } = await read({ images: one(bytes), labels: one(png([0, 1, 2, 3])) });
  expect(problems.join()).toContain("it claims to have 60000x60000 pixels");
});

test("a missing folder is named and nothing is written", async () => {
  const out = temporary("never");
  const run = buildImagesDataset({ images: temporary("missing"), labels: gray(), out });
  await expect(run).rejects.toThrow(/missing: Folder does not exist or is not reachable/);
  expect(existsSync(out)).toBe(false);
});

test.skipIf(!hasShared)("reads the 486 exported Sunnybrook pairs (needs ../shared)", async () => {
  const plan = await planImagesDataset({
    images: sharedPath("data/sunnybrook-png/images"),
    labels: sharedPath("data/sunnybrook-png/masks"),
    channels: "L",
    split: "patient",
  });
  expect(plan.train.length + plan.val.length).toBe(486);
  expect(new Set(plan.val.map(({ group }) => group)).size).toBe(3);
  const index = readFileSync(sharedPath("data/sunnybrook-png/INDEX.tsv"), "utf8");
  for (const entry of plan.val.slice(0, 10)) {
    const { feature: image, label: mask } = await entry.load();
    expect([image.channels, image.height, image.width]).toEqual([1, 256, 256]);
    const pixels = new RegExp(`^${entry.id}\t.*\t(\\d+)$`, "m").exec(index)![1];
    let inside = 0;
    for (const value of mask.data) inside += value;
    expect(inside).toBe(Number(pixels));
  }
});
