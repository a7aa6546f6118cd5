import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodePng, readWindowList } from "../../src/data/index.ts";
import { DataSourceError, NetDefinitionError } from "../../src/errors.ts";
import { writeBinaryProto } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { recordedLogger, temporaryFolder } from "../support/solver.ts";

/** A color image of values that look random. */
async function writeImage(path: string, seed: number, height: number, width: number) {
  const data = Uint8Array.from(
    { length: 3 * height * width },
    (_, i) => (Math.imul(i + 977 * seed, 2654435761) >>> 13) & 255,
  );
  writeFileSync(path, await encodePng({ channels: 3, height, width, data }));
}

type Row = readonly [
  label: number,
  overlap: number,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
];

const windowFile = (
  images: readonly { path: string; height: number; width: number; rows: readonly Row[] }[],
) =>
  images
    .map(({ path, height, width, rows }, i) =>
      [`# ${i}`, path, 3, height, width, rows.length, ...rows.map((row) => row.join(" "))].join(
        "\n",
      ),
    )
    .join("\n");

function load(
  root: string,
  own: string,
  transform: string,
  options: Parameters<typeof Net.load>[1] = {},
) {
  const source = own.includes("source") ? "" : 'source: "win.txt" ';
  const text = `name: "N"
    layer { name: "w" type: "WindowData" top: "data" top: "label"
      window_data_param { ${source}${own} } transform_param { ${transform} } }`;
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, phase: "TRAIN", ...options });
}

const values = (net: Net, blob: string) => [...net.blobs.get(blob)!.data];

/** Two images with windows inside and, for contexts, near the border. */
async function writeWindows(folder: string): Promise<void> {
  const images = [
    { path: "0.png", height: 20, width: 24 },
    { path: "1.png", height: 31, width: 17 },
  ].map((image, i) => {
    const { height, width } = image;
    const rows: Row[] = [
      [1, 0.9, 2, 3, 12, 13],
      [2, 0.7, 5, 1, 14, 15],
      [3, 0.5, 0, 0, width - 1, height - 1],
      [4, 0.8, width - 4, height - 9, width - 1, height - 1],
      [9, 0.4, 1, 1, 2 + i, 9],
      [9, 0.1, 0, 5, 6, 8],
      [9, 0.0, 3, height - 5, 15, height - 1],
      // Neither: between the thresholds of these tests.
      [9, 0.45, 1, 1, 2, 2],
    ];
    return { ...image, rows };
  });
  writeFileSync(join(folder, "win.txt"), windowFile(images));
  for (const [i, { path, height, width }] of images.entries()) {
    await writeImage(join(folder, path), i, height, width);
  }
}

describe("batches", () => {
  test("hold background windows, then foreground windows with their classes", async () => {
    using folder = temporaryFolder();
    await writeWindows(folder.path);
    const logger = recordedLogger();
    const own = "batch_size: 7 fg_fraction: 0.5 bg_threshold: 0.42";
    const net = await load(folder.path, own, "crop_size: 5", { logger });
    expect(net.blobs.get("data")!.shape).toEqual([7, 3, 5, 5]);
    expect(net.blobs.get("label")!.shape).toEqual([7]);
    for (let pass = 0; pass < 5; pass++) {
      await net.run();
      const labels = values(net, "label");
      // 7 * 0.5 rounded down are foreground.
      expect(labels.slice(0, 4)).toEqual([0, 0, 0, 0]);
      for (const label of labels.slice(4)) expect([1, 2, 3, 4]).toContain(label);
    }
    expect(logger.lines).toContain("Number of images: 2");
    expect(logger.lines).toContain("class 0 has 6 samples");
    expect(logger.lines).toContain("class 4 has 2 samples");
    expect(logger.lines).toContain("output data size: 7,3,5,5");
    net.dispose();
  });

  test("are the same with files kept in memory", async () => {
    using folder = temporaryFolder();
    await writeWindows(folder.path);
    const nets = [];
    for (const own of ["batch_size: 4", "batch_size: 4 cache_images: true"]) {
      nets.push(await load(folder.path, own, "crop_size: 6 mirror: true", { seed: 3 }));
    }
    for (let pass = 0; pass < 3; pass++) {
      for (const net of nets) await net.run();
      expect(values(nets[1]!, "data")).toEqual(values(nets[0]!, "data"));
    }
    for (const net of nets) net.dispose();
  });

  test("go on after a resume with the same windows and flips", async () => {
    using folder = temporaryFolder();
    await writeWindows(folder.path);
    const own = 'batch_size: 5 context_pad: 1 crop_mode: "square"';
    const transform = "crop_size: 6 mirror: true";
    const straight = await load(folder.path, own, transform, { seed: 8 });
    for (let pass = 0; pass < 4; pass++) await straight.run();
    const state = JSON.parse(JSON.stringify(straight.saveState())) as Record<string, unknown>;
    const resumed = await load(folder.path, own, transform, { seed: 9 });
    await resumed.run();
    await resumed.restoreState(state);
    for (let pass = 0; pass < 4; pass++) {
      await straight.run();
      await resumed.run();
      expect(values(resumed, "data")).toEqual(values(straight, "data"));
      expect(values(resumed, "label")).toEqual(values(straight, "label"));
    }
    straight.dispose();
    resumed.dispose();
  });
});

describe.skipIf(!hasPythonModule("cv2"))("against numpy and OpenCV (needs python3-opencv)", () => {
  /** The layer as its description has it, with numpy's generator of the same raw numbers. */
  const script = `
import json, sys, math, cv2, numpy as np
case = json.load(sys.stdin)
F = np.float32
crop, pad, square, n = case["crop"], case["pad"], case["square"], case["batch"]
def raw(rng): return int.from_bytes(rng.bytes(4), "little")
def away(v): return int(math.copysign(math.floor(abs(float(v)) + 0.5), float(v)))
net = np.random.RandomState(case["seed"])
raw(net)                                   # the transformer's seed
rng = np.random.RandomState(raw(net))      # the seed of the windows
fg = [w for w in case["windows"] if F(w[2]) >= F(0.5)]
bg = [w for w in case["windows"] if F(w[2]) < F(case["bg"])]
mean = np.array(case["mean"], np.float32).reshape(3, case["meanSize"], case["meanSize"])
off = (case["meanSize"] - crop) // 2
mean = mean[:, off:off + crop, off:off + crop]
images = [cv2.imread(p) for p in case["paths"]]
count = int(F(n) * F(case["fraction"]))
batches = []
for _ in range(case["passes"]):
    out = np.zeros((n, 3, crop, crop), np.float32); labels = []
    for item in range(n):
        pool = bg if item < n - count else fg
        image, label, _, x1, y1, x2, y2 = pool[raw(rng) % len(pool)]
        flip = case["mirror"] and raw(rng) % 2 == 1
        labels.append(0 if pool is bg else label)
        img = images[image]; H, W = img.shape[:2]
        w, h, left, top = crop, crop, 0, 0
        if pad > 0 or square:
            grow = F(crop) / F(crop - 2 * pad)
            hh, hw = F((y2 - y1 + 1) / 2.0), F((x2 - x1 + 1) / 2.0)
            cx, cy = F(x1) + hw, F(y1) + hh
            if square: hh = hw = max(hh, hw)
            X1, X2 = away(cx - hw * grow), away(cx + hw * grow)
            Y1, Y2 = away(cy - hh * grow), away(cy + hh * grow)
            zx, zy = F(crop) / F(X2 - X1 + 1), F(crop) / F(Y2 - Y1 + 1)
            over = [max(0, -X1), max(0, -Y1), max(0, X2 - W + 1), max(0, Y2 - H + 1)]
            x1, y1, x2, y2 = X1 + over[0], Y1 + over[1], X2 - over[2], Y2 - over[3]
            w, h = away(F(x2 - x1 + 1) * zx), away(F(y2 - y1 + 1) * zy)
            left = away(F(over[2] if flip else over[0]) * zx); top = away(F(over[1]) * zy)
            w, h = min(w, crop - left), min(h, crop - top)
        part = cv2.resize(img[y1:y2 + 1, x1:x2 + 1], (w, h), interpolation=cv2.INTER_LINEAR)
        if flip: part = part[:, ::-1]
        place = (item, slice(None), slice(top, top + h), slice(left, left + w))
        out[place] = (part.transpose(2, 0, 1).astype(np.float32) - mean[:, top:top + h, left:left + w]) * F(case["scale"])
    batches.append([out.ravel().tolist(), labels])
print(json.dumps(batches))`;

  const cases = [
    ["warp", 2],
    ["warp", 4],
    ["square", 0],
    ["square", 3],
  ] as const;

  test.each(cases)("cuts windows as described: %s with a context of %i", async (mode, pad) => {
    using folder = temporaryFolder();
    await writeWindows(folder.path);
    const list = readWindowList(join(folder.path, "win.txt"), 0.5, 0.42);
    const [crop, meanSize, seed, batch, passes] = [9, 12, 31 + pad, 8, 6];
    const mean = Float32Array.from({ length: 3 * meanSize ** 2 }, (_, i) => 100 + (i % 37));
    await writeBinaryProto(join(folder.path, "mean.binaryproto"), {
      ...{ num: 1, channels: 3, height: meanSize, width: meanSize, data: mean },
    });
    const own = `batch_size: ${batch} fg_fraction: 0.4 bg_threshold: 0.42 scale: 0.25 context_pad: ${pad} crop_mode: "${mode}"`;
    const transform = `crop_size: ${crop} mirror: true mean_file: "mean.binaryproto"`;
    const net = await load(folder.path, own, transform, { seed });
    const rows = (kind: "foreground" | "background", overlap: number) =>
      Array.from({ length: list[kind].length }, (_, i) => {
        const { image, label, x1, y1, x2, y2 } = list[kind].at(i);
        return [image, label, overlap, x1, y1, x2, y2];
      });
    const batches = runPython(script, {
      ...{ crop, pad, square: mode === "square", batch, passes, seed, mirror: true, bg: 0.42 },
      ...{ fraction: 0.4, scale: 0.25, mean: [...mean], meanSize },
      windows: [...rows("foreground", 0.9), ...rows("background", 0.1)],
      paths: ["0.png", "1.png"].map((name) => join(folder.path, name)),
    }) as [number[], number[]][];
    for (const [data, labels] of batches) {
      await net.run();
      expect(values(net, "label")).toEqual(labels);
      expect(values(net, "data")).toEqual(data);
    }
    net.dispose();
  });
});

describe("mistakes", () => {
  const head = "# 0\n0.png\n3\n20\n24\n";
  const cases: [string, string | undefined, string, string, RegExp][] = [
    ["no file", undefined, "", "", /Failed to open window file .*win\.txt: no such file/],
    ["an empty file", " \n", "", "", /Window file is empty: .*win\.txt/],
    ["another mark", "@ 0", "", "", /win\.txt:1: an image begins with "#", not "@"/],
    ["another number", "# 1\n", "", "", /win\.txt:1: the image 1 stands where 0 is due/],
    [
      "an end too early",
      `${head}2\n1 0.9 0 0 1 1\n1 0.9`,
      "",
      "",
      /win\.txt:\d+: the file ends where x1 is due/,
    ],
    [
      "a word for a number",
      `${head}1\n1 much 0 0 1 1`,
      "",
      "",
      /win\.txt:7: "much" stands where an overlap is due/,
    ],
    [
      "a fraction",
      `${head}1\n1 0.9 0.5 0 1 1`,
      "",
      "",
      /win\.txt:7: x1 is a whole number of 32 bits, not 0\.5/,
    ],
    [
      "a huge corner",
      `${head}1\n1 0.9 0 0 1 9999999999`,
      "",
      "",
      /win\.txt:7: y2 is a whole number of 32/,
    ],
    ["fewer than no windows", `${head}-1`, "", "", /win\.txt:6: there cannot be -1 windows/],
    [
      "a foreground of class 0",
      `${head}1\n0 0.9 0 0 1 1`,
      "",
      "",
      /win\.txt:7: a foreground window has a class above 0/,
    ],
    [
      "gray images",
      "# 0\n0.png\n1\n20\n24\n0",
      "",
      "",
      /win\.txt:1: images are read with 3 channels, not 1/,
    ],
    [
      "no background",
      `${head}1\n1 0.9 0 0 1 1`,
      "",
      "",
      /a batch takes 3 windows with an overlap below bg_threshold/,
    ],
    [
      "no foreground",
      `${head}1\n1 0.1 0 0 1 1`,
      "",
      "",
      /a batch takes 1 windows with an overlap of fg_threshold/,
    ],
    ["no crop_size", head, "", "mirror: true", /needs the size of the windows/],
    [
      "no batch_size",
      `${head}1\n1 0.9 0 0 1 1`,
      "fg_fraction: 1 batch_size: 0",
      "",
      /batch_size must be positive/,
    ],
    [
      "a fraction over 1",
      head + 0,
      "fg_fraction: 1.5",
      "",
      /fg_fraction lies between 0 and 1, and is 1\.5/,
    ],
    [
      "too much context",
      head + 0,
      "context_pad: 4",
      "",
      /context_pad \(4\) on both sides leaves nothing of crop_size \(8\)/,
    ],
    [
      "an unknown crop_mode",
      head + 0,
      'crop_mode: "round"',
      "",
      /crop_mode is "warp" or "square", not "round"/,
    ],
    [
      "two mean values",
      `${head}1\n1 0.9 0 0 1 1`,
      "",
      "crop_size: 8 mean_value: 1 mean_value: 2",
      /Specify either 1 mean_value or as many as channels: 3/,
    ],
    [
      "a small mean",
      `${head}1\n1 0.9 0 0 1 1`,
      "",
      'crop_size: 8 mean_file: "m.binaryproto"',
      /crop_size 8 is larger than the mean image/,
    ],
  ];
  test.each(cases)("%s: one line with the place", async (_, text, own, transform, message) => {
    using folder = temporaryFolder();
    if (text !== undefined) writeFileSync(join(folder.path, "win.txt"), text);
    const data = new Float32Array(3 * 16);
    const mean = { num: 1, channels: 3, height: 4, width: 4, data };
    await writeBinaryProto(join(folder.path, "m.binaryproto"), mean);
    const size = own.includes("batch_size") ? "" : "batch_size: 4";
    const error: unknown = await load(
      folder.path,
      `${size} ${own}`,
      transform || "crop_size: 8",
    ).catch((e: unknown) => e);
    expect(error instanceof DataSourceError || error instanceof NetDefinitionError).toBe(true);
    expect(String(error)).toMatch(/net\.prototxt:3:\d+: layer "w" \(WindowData\): [^\n]+$/);
    expect(String(error)).toMatch(message);
  });

  test.each([
    [
      "a window that leaves its image",
      "1 0.9 5 5 24 8",
      /0\.png \(.*win\.txt:1\): the window \(5, 5\) to \(24, 8\) does not lie in the image of 24 x 20/,
    ],
    [
      "a window turned inside out",
      "1 0.9 5 5 3 8",
      /the window \(5, 5\) to \(3, 8\) does not lie in the image/,
    ],
  ])("%s is named when it is drawn", async (_, window, message) => {
    using folder = temporaryFolder();
    await writeImage(join(folder.path, "0.png"), 0, 20, 24);
    writeFileSync(join(folder.path, "win.txt"), `${head}1\n${window}`);
    const net = await load(folder.path, "batch_size: 2 fg_fraction: 1", "crop_size: 8");
    await expect(net.run()).rejects.toThrow(message);
    net.dispose();
  });

  test("an image that is missing is named with its line", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "win.txt"), `${head}1\n1 0.9 0 0 4 4`);
    const own = 'batch_size: 2 fg_fraction: 1 root_folder: "im/"';
    const net = await load(folder.path, own, "crop_size: 8");
    await expect(net.run()).rejects.toThrow(
      /:\d+:\d+: layer "\w+" \(WindowData\): Could not load im\/0\.png \(.*win\.txt:1\): no such file/,
    );
    net.dispose();
  });
});

test("a window file of a million windows is read in numbers, not in objects", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "win.txt");
  const rows = "1 0.9 2 3 12 13\n2 0.1 5 1 20 15\n".repeat(500_000);
  writeFileSync(path, `# 0\n0.png\n3\n20\n24\n1000000\n${rows}`);
  const { foreground, background } = readWindowList(path, 0.5, 0.5);
  expect([foreground.length, background.length]).toEqual([500_000, 500_000]);
  expect(background.at(499_999)).toEqual({ image: 0, label: 0, x1: 5, y1: 1, x2: 20, y2: 15 });
});
