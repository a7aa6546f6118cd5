import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Backend,
  createLmdb,
  createRecords,
  encodeDatum,
  encodePng,
} from "../../src/data/index.ts";
import { DataSourceError, NetDefinitionError } from "../../src/errors.ts";
import { writeBinaryProto } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { type Datum, parsePrototxt } from "../../src/schema/index.ts";
import { recordedLogger, temporaryFolder } from "../support/solver.ts";

async function writeDatabase(
  path: string,
  datums: readonly Datum[],
  backend: Backend = "LMDB",
): Promise<void> {
  const writer = await createRecords(path, backend);
  for (const [i, datum] of datums.entries()) {
    await writer.put(`${String(i).padStart(4, "0")}_image`, encodeDatum(datum));
  }
  await writer.close();
}

/** One channel of the given size; the first value is the record's number, the others count up. */
function image(number: number, height = 2, width = 3): Datum {
  const data = Uint8Array.from({ length: height * width }, (_, i) => number * 10 + i);
  return { channels: 1, height, width, data, label: number };
}

async function encodedImage(number: number, height = 2, width = 3): Promise<Datum> {
  const { data } = image(number, height, width);
  const png = await encodePng({ channels: 1, height, width, data: data! });
  return { encoded: true, data: png, label: number };
}

const netText = (data: string, more = "") => `
  name: "N"
  layer { name: "d" type: "Data" top: "data" top: "label" data_param { ${data} } ${more} }`;

const lmdb = 'source: "db" backend: LMDB';

function load(root: string, text: string, options: Parameters<typeof Net.load>[1] = {}) {
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, ...options });
}

const values = (net: Net, blob: string) => [...net.blobs.get(blob)!.data];

describe("batches", () => {
  test("go through the records in the order of their keys, and start again", async () => {
    using folder = temporaryFolder();
    await writeDatabase(
      join(folder.path, "db"),
      [0, 1, 2].map((n) => image(n)),
    );
    const logger = recordedLogger();
    const net = await load(folder.path, netText(`${lmdb} batch_size: 2`), { logger });
    expect(net.blobs.get("data")!.shape).toEqual([2, 1, 2, 3]);
    expect(net.blobs.get("label")!.shape).toEqual([2]);
    const labels = [];
    for (let pass = 0; pass < 4; pass++) {
      await net.run();
      labels.push(values(net, "label"));
    }
    expect(labels).toEqual([
      [0, 1],
      [2, 0],
      [1, 2],
      [0, 1],
    ]);
    expect(values(net, "data")).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
    const restart = "Restarting data prefetching from start.";
    // The fifth batch is being read already, and passes the end a third time.
    expect(logger.lines.filter((line) => line === restart)).toHaveLength(3);
    expect(logger.lines).toContain("output data size: 2,1,2,3");
    expect(logger.lines).toContain("Opened lmdb db");
    net.dispose();
  });

  test("of floats keep their values", async () => {
    using folder = temporaryFolder();
    const floatData = Float32Array.of(-1.5, 1e-20, 3e20);
    const datum: Datum = { channels: 3, height: 1, width: 1, floatData };
    await writeDatabase(join(folder.path, "db"), [datum]);
    const net = await load(folder.path, netText(`${lmdb} batch_size: 1`));
    await net.run();
    expect(net.blobs.get("data")!.data).toEqual(floatData);
    expect(values(net, "label")).toEqual([0]);
    net.dispose();
  });

  test("of one image take its size, whatever came before", async () => {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), [
      image(0),
      image(1, 4, 5),
      await encodedImage(2, 3, 3),
    ]);
    const more = `} layer { name: "p" type: "Power" bottom: "data" top: "twice" power_param { scale: 2 }`;
    const net = await load(folder.path, netText(`${lmdb} batch_size: 1`, more));
    const shapes = [];
    for (let pass = 0; pass < 4; pass++) {
      await net.run();
      shapes.push(net.blobs.get("twice")!.shape.slice(2));
      const first = net.blobs.get("label")!.data[0]! * 10;
      expect(net.blobs.get("twice")!.data[1]).toBe(2 * (first + 1));
    }
    expect(shapes).toEqual([
      [2, 3],
      [4, 5],
      [3, 3],
      [2, 3],
    ]);
    net.dispose();
  });

  test("of encoded images are those of raw ones", async () => {
    using folder = temporaryFolder();
    const numbers = [0, 1, 2, 3, 4];
    await writeDatabase(
      join(folder.path, "db"),
      numbers.map((n) => image(n, 4, 4)),
    );
    const encoded = await Promise.all(numbers.map((n) => encodedImage(n, 4, 4)));
    await writeDatabase(join(folder.path, "png"), encoded);
    const transform = "transform_param { crop_size: 3 mirror: true scale: 0.5 mean_value: 4 }";
    const options = { phase: "TRAIN", seed: 3 } as const;
    const raw = await load(folder.path, netText(`${lmdb} batch_size: 3`, transform), options);
    const png = await load(
      folder.path,
      netText('source: "png" backend: LMDB batch_size: 3', transform),
      options,
    );
    for (let pass = 0; pass < 5; pass++) {
      await raw.run();
      await png.run();
      expect(values(png, "data")).toEqual(values(raw, "data"));
      expect(values(png, "label")).toEqual(values(raw, "label"));
    }
    raw.dispose();
    png.dispose();
  });

  test("may mix raw and encoded records", async () => {
    using folder = temporaryFolder();
    const datums = [image(0), await encodedImage(1), image(2)];
    await writeDatabase(join(folder.path, "db"), datums);
    const net = await load(folder.path, netText(`${lmdb} batch_size: 3`));
    await net.run();
    const rows = [0, 1, 2].flatMap((n) => [...image(n).data!]);
    expect(values(net, "data")).toEqual(rows);
    net.dispose();
  });

  test("of a LevelDB are those of an LMDB, also with two nets on one folder", async () => {
    using folder = temporaryFolder();
    const datums = await Promise.all([0, 1, 2].map((n) => (n === 1 ? encodedImage(n) : image(n))));
    await writeDatabase(join(folder.path, "db"), datums);
    await writeDatabase(join(folder.path, "level"), datums, "LEVELDB");
    const logger = recordedLogger();
    const nets = await Promise.all([
      load(folder.path, netText(`${lmdb} batch_size: 2`)),
      load(folder.path, netText('source: "level" batch_size: 2'), { logger }),
      load(folder.path, netText('source: "level" batch_size: 2')),
    ]);
    expect(logger.lines).toContain("Opened leveldb level");
    for (let pass = 0; pass < 7; pass++) {
      const batches: number[][] = [];
      for (const net of nets) {
        await net.run();
        batches.push([...values(net, "data"), ...values(net, "label")]);
      }
      expect(batches[1]).toEqual(batches[0]);
      expect(batches[2]).toEqual(batches[0]);
    }
    for (const net of nets) net.dispose();
  });

  test("larger than the database go around it", async () => {
    using folder = temporaryFolder();
    for (const backend of ["LMDB", "LEVELDB"] as const) {
      await writeDatabase(join(folder.path, backend), [image(0), image(1)], backend);
      const text = netText(`source: "${backend}" backend: ${backend} batch_size: 5`);
      const net = await load(folder.path, text);
      await net.run();
      expect(values(net, "label")).toEqual([0, 1, 0, 1, 0]);
      await net.run();
      expect(values(net, "label")).toEqual([1, 0, 1, 0, 1]);
      net.dispose();
    }
  });

  test("are not changed by the old fields of data_param", async () => {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), [image(0), image(1)]);
    const old =
      "rand_skip: 9 scale: 2 crop_size: 1 mirror: true force_encoded_color: true prefetch: 1";
    const net = await load(folder.path, netText(`${lmdb} batch_size: 2 ${old}`), {
      phase: "TRAIN",
    });
    await net.run();
    expect(values(net, "data")).toEqual([...image(0).data!, ...image(1).data!]);
    net.dispose();
  });

  test("of features and of labels stay in step over many epochs", async () => {
    using folder = temporaryFolder();
    await writeDatabase(
      join(folder.path, "db"),
      [0, 1, 2, 3, 4].map((n) => image(n)),
    );
    const labels = await Promise.all([0, 1, 2, 3, 4].map((n) => encodedImage(n)));
    await writeDatabase(join(folder.path, "labels"), labels);
    const net = await load(
      folder.path,
      `name: "N"
       layer { name: "d" type: "Data" top: "data" data_param { ${lmdb} batch_size: 3 } }
       layer { name: "l" type: "Data" top: "truth" data_param { source: "labels" backend: LMDB batch_size: 3 } }`,
    );
    for (let pass = 0; pass < 12; pass++) {
      await net.run();
      expect(values(net, "truth")).toEqual(values(net, "data"));
    }
    net.dispose();
  });
});

describe("the transformer", () => {
  /** What comes out of one record of 4 x 5 values 0, 1, 2, ..., pass after pass. */
  async function passes(transform: string, phase: "TRAIN" | "TEST" = "TEST", count = 1) {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), [image(0, 4, 5)]);
    const mean = Float32Array.from({ length: 20 }, (_, i) => i);
    await writeBinaryProto(join(folder.path, "mean.binaryproto"), {
      ...{ num: 1, channels: 1, height: 4, width: 5, data: mean },
    });
    const text = netText(`${lmdb} batch_size: 1`, `transform_param { ${transform} }`);
    const net = await load(folder.path, text, { phase, seed: 1 });
    try {
      const results: number[][] = [];
      for (let pass = 0; pass < count; pass++) {
        await net.run();
        results.push(values(net, "data"));
      }
      return results;
    } finally {
      net.dispose();
    }
  }

  test("cuts from the middle in the TEST phase, rounding the offset down", async () => {
    // Rows 0 to 3 of 5 values; offset (4 - 3) / 2 = 0 and (5 - 3) / 2 = 1.
    expect(await passes("crop_size: 3")).toEqual([[1, 2, 3, 6, 7, 8, 11, 12, 13]]);
  });

  test("subtracts the mean before it scales", async () => {
    const [first] = await passes("mean_value: 2 scale: 0.5");
    expect(first!.slice(0, 4)).toEqual([-1, -0.5, 0, 0.5]);
  });

  test("takes the mean image at the place of the crop", async () => {
    expect(await passes('crop_size: 3 mean_file: "mean.binaryproto"')).toEqual([Array(9).fill(0)]);
  });

  test("cuts anywhere in the TRAIN phase, and mirrors half of the images in both", async () => {
    const firsts = async (transform: string, phase: "TRAIN" | "TEST") => {
      const results = await passes(transform, phase, 100);
      return [...new Set(results.map(([first]) => first!))].toSorted((a, b) => a - b);
    };
    expect(await firsts("crop_size: 3", "TRAIN")).toEqual([0, 1, 2, 5, 6, 7]);
    expect(await firsts("mirror: true", "TEST")).toEqual([0, 4]);
  });

  const mistakes: [string, RegExp][] = [
    [
      'mean_file: "mean.binaryproto" mean_value: 1',
      /Cannot specify mean_file and mean_value at the/,
    ],
    ["mean_value: 1 mean_value: 2", /Specify either 1 mean_value or as many as channels: 1/],
    [
      "crop_size: 5",
      /layer "d" \(Data\): .*0000_image: an image of 4 x 5 pixels is smaller than crop_size 5/,
    ],
    ['mean_file: "nope.binaryproto"', /File not found: .*nope\.binaryproto/],
    ["force_color: true force_gray: true", /cannot set both force_color and force_gray/],
  ];
  test.each(mistakes)("refuses %s when the net is built", async (transform, message) => {
    await expect(passes(transform, "TEST", 0)).rejects.toThrow(message);
  });
});

describe("resuming", () => {
  test.each([
    ["raw", "LMDB"],
    ["encoded", "LMDB"],
    ["raw", "LEVELDB"],
    ["encoded", "LEVELDB"],
  ] as const)(
    "goes on with the same %s images, crops and flips from an %s",
    async (kind, backend) => {
      using folder = temporaryFolder();
      const numbers = [0, 1, 2, 3, 4, 5, 6];
      const images = numbers.map((n) => (kind === "raw" ? image(n, 6, 7) : encodedImage(n, 6, 7)));
      await writeDatabase(join(folder.path, "db"), await Promise.all(images), backend);
      const text = netText(
        `source: "db" backend: ${backend} batch_size: 2`,
        "transform_param { crop_size: 4 mirror: true }",
      );
      const options = { phase: "TRAIN", seed: 9 } as const;
      const straight = await load(folder.path, text, options);
      for (let pass = 0; pass < 5; pass++) await straight.run();
      const state = JSON.parse(JSON.stringify(straight.saveState())) as Record<string, unknown>;

      const resumed = await load(folder.path, text, { ...options, seed: 10 });
      await resumed.run();
      await resumed.restoreState(state);
      for (let pass = 0; pass < 6; pass++) {
        await straight.run();
        await resumed.run();
        expect(values(resumed, "data")).toEqual(values(straight, "data"));
        expect(values(resumed, "label")).toEqual(values(straight, "label"));
      }
      straight.dispose();
      resumed.dispose();
    },
  );

  test.each(["LMDB", "LEVELDB"] as const)("says when its record is gone: %s", async (backend) => {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), [image(0), image(1)], backend);
    const net = await load(folder.path, netText(`source: "db" backend: ${backend} batch_size: 1`));
    await net.run();
    const key = Buffer.from("0007_image").toString("base64");
    await expect(net.restoreState({ d: { key } })).rejects.toThrow(
      /db: there is no record 0007_image, where reading stopped; the dataset was changed since/,
    );
    await net.run();
    expect(values(net, "label")).toEqual([0]);
    net.dispose();
  });
});

describe("mistakes", () => {
  test.each([
    [
      'source: "nodb" backend: LMDB batch_size: 1',
      /No such file or directory: .*nodb: there is no such LMDB/,
    ],
    [
      'source: "nodb" batch_size: 1',
      /Failed to open leveldb .*nodb: Invalid argument: .*nodb: does not exist/,
    ],
    ['source: "db" batch_size: 1', /it is an LMDB: write "backend: LMDB"/],
    ['source: "empty" backend: LMDB batch_size: 1', /empty: the LMDB has no records/],
    ['source: "level" batch_size: 1', /level: the LevelDB has no records/],
  ])("in the source are shown at its place: %s", async (data, message) => {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), [image(0)]);
    await writeDatabase(join(folder.path, "empty"), []);
    await writeDatabase(join(folder.path, "level"), [], "LEVELDB");
    const error: unknown = await load(folder.path, netText(data)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataSourceError);
    expect(String(error)).toMatch(/net\.prototxt:3:\d+: layer "d" \(Data\): /);
    expect(String(error)).toMatch(message);
  });

  test("in batch_size and source are named", async () => {
    using folder = temporaryFolder();
    const noBatch = load(folder.path, netText(lmdb));
    await expect(noBatch).rejects.toThrow(/batch_size must be positive/);
    await expect(noBatch).rejects.toBeInstanceOf(NetDefinitionError);
    await expect(load(folder.path, netText("batch_size: 1"))).rejects.toThrow(/needs a source/);
  });

  test.each([
    [
      "images of two sizes",
      [image(0), image(1, 4, 4)],
      /net\.prototxt:3:\d+: layer "d" \(Data\): .*db: record 0001_image: an image of 1 x 4 x 4 in a batch of 1 x 2 x 3/,
    ],
    [
      "too few values",
      [image(0), { ...image(1), height: 9 }],
      /record 0001_image: a shape of 1 x 9 x 3 needs 27 values, but there are 6/,
    ],
    [
      "a broken image",
      [{ encoded: true, data: Uint8Array.of(1, 2, 3) }],
      /record 0000_image: the image cannot be decoded/,
    ],
    [
      "a broken image after a raw record",
      [image(0), { encoded: true, data: Uint8Array.of(1) }],
      /record 0001_image: the image cannot be decoded/,
    ],
  ] as [string, Datum[], RegExp][])("in a record name it: %s", async (_, datums, message) => {
    using folder = temporaryFolder();
    await writeDatabase(join(folder.path, "db"), datums);
    const running = load(folder.path, netText(`${lmdb} batch_size: 2`)).then(async (net) => {
      try {
        await net.run();
      } finally {
        net.dispose();
      }
    });
    await expect(running).rejects.toThrow(message);
    await expect(running).rejects.toBeInstanceOf(DataSourceError);
  });

  test("in an image ahead are raised when its batch is wanted", async () => {
    using folder = temporaryFolder();
    const broken: Datum = { encoded: true, data: Uint8Array.of(1, 2, 3) };
    await writeDatabase(join(folder.path, "db"), [await encodedImage(0), broken]);
    const net = await load(folder.path, netText(`${lmdb} batch_size: 1`));
    await net.run();
    // Time for the rejection to go unhandled, if nobody took care of it.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await expect(net.run()).rejects.toThrow(/record 0001_image: the image cannot be decoded/);
    net.dispose();
  });

  test("a record that is no Datum is named", async () => {
    using folder = temporaryFolder();
    const writer = createLmdb(join(folder.path, "db"));
    writer.put("key 1", Buffer.from("not a message at all"));
    await writer.close();
    await expect(load(folder.path, netText(`${lmdb} batch_size: 1`))).rejects.toThrow(
      /db: record key 1/,
    );
  });

  test("a LevelDB with backend: LMDB is told apart", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "db"));
    writeFileSync(join(folder.path, "db", "CURRENT"), "MANIFEST-1\n");
    await expect(load(folder.path, netText(`${lmdb} batch_size: 1`))).rejects.toThrow(/a LevelDB/);
  });
});

test("a net that failed to load leaves the database closed and readable", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  await writeDatabase(path, [image(0)]);
  const before = readFileSync(join(path, "data.mdb"));
  const text = netText(`${lmdb} batch_size: 1`, "transform_param { crop_size: 99 }");
  const net = await load(folder.path, text).catch(() => undefined);
  net?.dispose();
  expect(readFileSync(join(path, "data.mdb")).equals(before)).toBe(true);
});
