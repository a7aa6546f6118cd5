import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { ImageList, encodePng } from "../../src/data/index.ts";
import { DataSourceError, NetDefinitionError } from "../../src/errors.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { recordedLogger, temporaryFolder } from "../support/solver.ts";

/** A gray image; its first value is its number, the others count up. */
async function writeImage(path: string, number: number, height = 2, width = 3): Promise<void> {
  const data = Uint8Array.from({ length: height * width }, (_, i) => number * 10 + i);
  writeFileSync(path, await encodePng({ channels: 1, height, width, data }));
}

/** A folder with images "0.png", "1.png", ... and a list of them, their numbers as labels. */
async function writeImages(folder: string, count: number, height = 2, width = 3): Promise<void> {
  const lines = [];
  for (let i = 0; i < count; i++) {
    await writeImage(join(folder, `${i}.png`), i, height, width);
    lines.push(`${i}.png ${i}\n`);
  }
  writeFileSync(join(folder, "list.txt"), lines.join(""));
}

function load(
  root: string,
  param: string,
  options: Parameters<typeof Net.load>[1] = {},
  more = "",
) {
  const source = param.includes("source") ? "" : 'source: "list.txt" ';
  const text = `name: "N"
    layer { name: "d" type: "ImageData" top: "data" top: "label"
      image_data_param { ${source}${param} } ${more} }`;
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, ...options });
}

const values = (net: Net, blob: string) => [...net.blobs.get(blob)!.data];

async function labelsOf(net: Net, passes: number): Promise<number[]> {
  const labels: number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    await net.run();
    labels.push(...values(net, "label"));
  }
  return labels;
}

describe("batches", () => {
  test("go through the lines in their order, and start again", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 3);
    const logger = recordedLogger();
    const net = await load(folder.path, "batch_size: 2 is_color: false", { logger });
    expect(net.blobs.get("data")!.shape).toEqual([2, 1, 2, 3]);
    expect(net.blobs.get("label")!.shape).toEqual([2]);
    await net.run();
    expect(values(net, "data")).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
    expect([0, 1, ...(await labelsOf(net, 2))]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(logger.lines).toContain("Opening file list.txt");
    expect(logger.lines).toContain("A total of 3 images.");
    expect(logger.lines).toContain("output data size: 2,1,2,3");
    net.dispose();
  });

  test("are blue, green, red unless is_color is false", async () => {
    using folder = temporaryFolder();
    const data = Uint8Array.of(9, 100, 50);
    const png = await encodePng({ channels: 3, height: 1, width: 1, data });
    writeFileSync(join(folder.path, "a.png"), png);
    writeFileSync(join(folder.path, "list.txt"), "a.png 7");
    const net = await load(folder.path, "");
    await net.run();
    expect(values(net, "data")).toEqual([9, 100, 50]);
    expect(values(net, "label")).toEqual([7]);
    net.dispose();
  });

  test("take the size of their first image, or new_height and new_width", async () => {
    using folder = temporaryFolder();
    await writeImage(join(folder.path, "0.png"), 0, 2, 3);
    await writeImage(join(folder.path, "1.png"), 1, 4, 4);
    writeFileSync(join(folder.path, "list.txt"), "0.png 0\n1.png 1\n");
    const net = await load(folder.path, "batch_size: 1");
    const shapes = [];
    for (let pass = 0; pass < 3; pass++) {
      await net.run();
      shapes.push(net.blobs.get("data")!.shape);
    }
    expect(shapes).toEqual([
      [1, 3, 2, 3],
      [1, 3, 4, 4],
      [1, 3, 2, 3],
    ]);
    net.dispose();
    const resized = await load(
      folder.path,
      "batch_size: 2 new_height: 2 new_width: 2 is_color: false",
    );
    await resized.run();
    expect(resized.blobs.get("data")!.shape).toEqual([2, 1, 2, 2]);
    // Halved: the means of 10 11 14 15, 12 13 16 17, and so on.
    expect(values(resized, "data").slice(4)).toEqual([13, 15, 21, 23]);
    resized.dispose();
    const mixed = await load(folder.path, "batch_size: 2");
    await expect(mixed.run()).rejects.toThrow(
      /1\.png \(.*list\.txt:2\): an image of 3 x 4 x 4 in a batch of 3 x 2 x 3/,
    );
    mixed.dispose();
  });

  test("put root_folder before the names, letter for letter", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "im"));
    await writeImage(join(folder.path, "im", "pre a b.png"), 4);
    writeFileSync(join(folder.path, "list.txt"), "a b.png 4\n");
    const net = await load(folder.path, 'root_folder: "im/pre "');
    expect(await labelsOf(net, 1)).toEqual([4]);
    net.dispose();
  });
});

describe("the order", () => {
  /** Fisher-Yates from the end, drawn from a generator that the net's seeds. */
  function shuffler(seed: number, length: number) {
    const random = createRandom(seed);
    const order = Array.from({ length }, (_, i) => i);
    return () => {
      for (let i = length - 1; i > 0; i--) {
        const j = random.integer(i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return [...order];
    };
  }

  test("is shuffled for each epoch, on top of the last one's", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 5);
    const net = await load(folder.path, "batch_size: 1 shuffle: true", { seed: 11 });
    const next = shuffler(createRandom(11).uint32(), 5);
    expect(await labelsOf(net, 15)).toEqual([...next(), ...next(), ...next()]);
    net.dispose();
  });

  test("draws the seeds of crops, shuffles and rand_skip in Caffe's order", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 7);
    const net = await load(
      folder.path,
      "batch_size: 1 shuffle: true rand_skip: 6",
      { seed: 5 },
      "transform_param { mirror: true }",
    );
    const random = createRandom(5);
    random.uint32();
    const next = shuffler(random.uint32(), 7);
    const skip = random.uint32() % 6;
    const first = next();
    const expected = [...first.slice(skip), ...next()].slice(0, 8);
    expect(await labelsOf(net, 8)).toEqual(expected);
    net.dispose();
  });
});

describe("resuming", () => {
  test.each([
    "",
    "shuffle: true",
    "shuffle: true new_height: 5 new_width: 6",
    "shuffle: true rand_skip: 4 is_color: false",
  ])("goes on with the same images, crops and flips: %s", async (param) => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 7, 6, 7);
    const transform = "transform_param { crop_size: 4 mirror: true }";
    const options = { phase: "TRAIN", seed: 9 } as const;
    const straight = await load(folder.path, `batch_size: 3 ${param}`, options, transform);
    for (let pass = 0; pass < 6; pass++) await straight.run();
    const state = JSON.parse(JSON.stringify(straight.saveState())) as Record<string, unknown>;
    const other = { ...options, seed: 10 };
    const resumed = await load(folder.path, `batch_size: 3 ${param}`, other, transform);
    await resumed.run();
    await resumed.restoreState(state);
    for (let pass = 0; pass < 8; pass++) {
      await straight.run();
      await resumed.run();
      expect(values(resumed, "data")).toEqual(values(straight, "data"));
      expect(values(resumed, "label")).toEqual(values(straight, "label"));
    }
    straight.dispose();
    resumed.dispose();
  });

  test("says when the list is another one", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 3);
    const net = await load(folder.path, "");
    const state = { at: 1, name: "other.png" };
    for (const saved of [state, { ...state, at: 9 }, { name: "x" }]) {
      await expect(net.restoreState({ d: saved })).rejects.toThrow(/the list was changed since/);
    }
    net.dispose();
  });
});

describe("lists", () => {
  function list(text: string | Buffer): ImageList {
    using folder = temporaryFolder();
    const path = join(folder.path, "list.txt");
    writeFileSync(path, text);
    return new ImageList(path);
  }

  test.each([
    ["a.jpg 3", "a.jpg", 3],
    ["my cat.jpg 3", "my cat.jpg", 3],
    ["two  spaces 12\r", "two  spaces", 12],
    ["a.jpg -1", "a.jpg", -1],
    ["a.jpg 0.7", "a.jpg", 0],
    ["a.jpg 5 ", "a.jpg 5", 0],
    ["a.jpg cat", "a.jpg", 0],
    ["nolabel.jpg", "nolabel.jpg", 0],
    ["7.jpg", "7.jpg", 7],
    ["ä ö.jpg 1", "ä ö.jpg", 1],
    [" 4", "", 4],
  ])("split %j at the last space, as Caffe does", (line, name, label) => {
    const read = list(`first 1\n\n${line}\nlast 2`);
    expect(read.length).toBe(3);
    expect([read.nameOf(1), read.labelOf(1)]).toEqual([name, label]);
    expect([read.nameOf(2), read.labelOf(2)]).toEqual(["last", 2]);
    expect(read.place(1)).toMatch(/list\.txt:3$/);
  });

  test("may begin with a byte order mark", () => {
    expect(list("\ufeffa.jpg 1\n").nameOf(0)).toBe("a.jpg");
  });

  test("of a million lines take little more memory than their files", () => {
    const line = "n01440764/n01440764_10026.JPEG 0\n";
    const read = list(line.repeat(1e6));
    expect(read.length).toBe(1e6);
    expect(read.nameOf(999_999)).toBe("n01440764/n01440764_10026.JPEG");
    expect(read.place(999_999)).toMatch(/:1000000$/);
  });
});

describe("mistakes", () => {
  const cases: [string, string, RegExp][] = [
    [
      "a list that is missing",
      'source: "no.txt"',
      /File is empty: .*no\.txt cannot be read: no such/,
    ],
    ["a folder as a list", 'source: "."', /File is empty: .* cannot be read: it is no file/],
    ["a list of nothing", 'source: "empty.txt"', /File is empty: .*empty\.txt lists no images/],
    [
      "an image that is missing",
      'source: "gone.txt"',
      /Could not load gone x\.png \(.*gone\.txt:1\): no such/,
    ],
    [
      "a folder as an image",
      'source: "folder.txt"',
      /Could not load im \(.*folder\.txt:2\): it is no file/,
    ],
    [
      "a file that is no image",
      'source: "self.txt"',
      /self\.txt \(.*self\.txt:1\): the image cannot/,
    ],
    ["half a size", "new_height: 5", /Current implementation requires new_height and new_width/],
    ["no images a batch", "batch_size: 0", /Positive batch size required/],
  ];
  test.each(cases)("%s: one line with the place", async (_, param, message) => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 1);
    mkdirSync(join(folder.path, "im"));
    writeFileSync(join(folder.path, "empty.txt"), "\n \r\n\n");
    writeFileSync(join(folder.path, "gone.txt"), "gone x.png 1\n");
    writeFileSync(join(folder.path, "folder.txt"), "\nim 1\n");
    writeFileSync(join(folder.path, "self.txt"), "self.txt 1\n");
    const error: unknown = await load(folder.path, param).catch((e: unknown) => e);
    expect(error instanceof DataSourceError || error instanceof NetDefinitionError).toBe(true);
    expect(String(error)).toMatch(/net\.prototxt:3:\d+: layer "d" \(ImageData\): [^\n]+$/);
    expect(String(error)).toMatch(message);
  });

  test("more images to skip than there are", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 1);
    const loading = load(folder.path, "rand_skip: 4000000", { seed: 1 });
    await expect(loading).rejects.toThrow(/Not enough points to skip: \d+ of the 1 images/);
  });

  test("a label that is no whole number gets a warning", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 1);
    writeFileSync(join(folder.path, "list.txt"), "0.png 0.7\n");
    const logger = recordedLogger();
    const net = await load(folder.path, "", { logger });
    expect(logger.lines.join("\n")).toMatch(/list\.txt:1: the label "0\.7" is no whole number/);
    net.dispose();
  });

  test("in an image ahead are raised when its batch is wanted", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, 1);
    writeFileSync(join(folder.path, "list.txt"), "0.png 0\ngone.png 1\n");
    const net = await load(folder.path, "");
    await net.run();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(net.run()).rejects.toThrow(/Could not load gone\.png \(.*list\.txt:2\)/);
    net.dispose();
  });

  test("one top is too few", async () => {
    const text =
      'layer { name: "d" type: "ImageData" top: "data" image_data_param { source: "l" } }';
    const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
    await expect(Net.load(net)).rejects.toThrow(/ImageData Layer produces 2 top blob/);
  });
});

test("a net may be disposed of while it reads ahead", async () => {
  using folder = temporaryFolder();
  await writeImages(folder.path, 64, 200, 200);
  for (let round = 0; round < 3; round++) {
    const net = await load(folder.path, "batch_size: 64");
    expect(await labelsOf(net, 1)).toHaveLength(64);
    net.dispose();
  }
});
