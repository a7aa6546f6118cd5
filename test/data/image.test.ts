import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type ColorMode, type Image, decodeImage, encodePng } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/errors.ts";
import { GRAY, GRAY_ALPHA, PALETTE, RGB, RGBA, pngFile } from "../support/png-file.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

test("gives planes in the order blue, green, red", async () => {
  // Two pixels: (1, 2, 3) and (4, 5, 6) as red, green, blue.
  const png = pngFile(2, 1, [Uint8Array.of(1, 2, 3, 4, 5, 6)], { colorType: RGB, depth: 8 });
  const image = await decodeImage(png, "two.png");
  expect(image).toEqual({
    channels: 3,
    height: 1,
    width: 2,
    data: Uint8Array.of(3, 6, 2, 5, 1, 4),
  });
});

test("weighs red, green and blue by 0.299, 0.587 and 0.114 for gray", async () => {
  const rows = [Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255)];
  const png = pngFile(3, 1, rows, { colorType: RGB, depth: 8 });
  expect((await decodeImage(png, "rgb.png", "gray")).data).toEqual(Uint8Array.of(76, 149, 29));
});

test("repeats gray three times for color", async () => {
  const png = pngFile(2, 1, [Uint8Array.of(7, 9)], { colorType: GRAY, depth: 8 });
  expect((await decodeImage(png, "g.png", "color")).data).toEqual(Uint8Array.of(7, 9, 7, 9, 7, 9));
});

test("what is encoded as PNG comes back, 8 and 16 bits, gray and color", () => {
  const image = fc
    .record({
      channels: fc.constantFrom(1, 3),
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 9 }),
      deep: fc.boolean(),
      seed: fc.nat(65535),
    })
    .map(({ channels, height, width, deep, seed }): Image => {
      const size = channels * height * width;
      const data = deep ? new Uint16Array(size) : new Uint8Array(size);
      for (let i = 0; i < size; i++) data[i] = (i * 40503 + seed * 7) >> (deep ? 0 : 3);
      return { channels, height, width, data };
    });
  return fc.assert(
    fc.asyncProperty(image, async (written) => {
      expect(await decodeImage(await encodePng(written), "round trip")).toEqual(written);
    }),
    { numRuns: 40 },
  );
});

describe("images that cannot be used", () => {
  const sound = pngFile(9, 9, Array(9).fill(new Uint8Array(9)), { colorType: GRAY, depth: 8 });
  const bomb = pngFile(100_000, 100_000, [], { colorType: GRAY, depth: 8 });
  const cases: [string, Uint8Array, RegExp][] = [
    ["no image at all", Buffer.from("hello"), /unsupported image format/],
    ["nothing", new Uint8Array(0), /cannot be decoded: Input .+ is empty/],
    [
      "a short BMP",
      Buffer.from("BM and more"),
      /cannot be decoded: a BMP without a header of today/,
    ],
    ["a PNM of nothing", Buffer.from("P5\n"), /cannot be decoded: no number at byte 3 of the PNM/],
    ["a PNM without pixels", Buffer.from("P6 9 9 255\n"), /the PNM ends too early/],
    ["a PNM of few values", Buffer.from("P5 1 1 15\n\x01"), /a PNM of values up to 15; use 255/],
    ["a PNM bomb", Buffer.from("P5 99999 99999 255\n"), /99999 x 99999 pixels are more than/],
    ["a cut-off image", sound.subarray(0, sound.length - 20), /cannot be decoded: /],
    ["a bomb", bomb, /100000 x 100000 pixels are more than an image may have \(67108864\)/],
    [
      "a drawing",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /a svg image; use JPEG, PNG, TIFF or WebP/,
    ],
  ];

  test.each(cases)("names %s in one line", async (_, bytes, reason) => {
    const error: unknown = await decodeImage(bytes, "db: record k").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataSourceError);
    expect(String(error)).toMatch(/^DataSourceError: db: record k: [^\n]+$/);
    expect(String(error)).toMatch(reason);
  });

  test("a PNG cut off or changed anywhere gives an image or a DataSourceError", () => {
    const flips = fc.record({
      cut: fc.nat(sound.length),
      at: fc.nat(sound.length - 1),
      to: fc.nat(255),
    });
    return fc.assert(
      fc.asyncProperty(flips, async ({ cut, at, to }) => {
        const bytes = Buffer.from(sound);
        bytes[at] = to;
        const error: unknown = await decodeImage(bytes.subarray(0, cut), "x").then(
          () => undefined,
          (e: unknown) => e,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(DataSourceError);
      }),
      { numRuns: 80 },
    );
  });
});

test("a BMP or a PNM cut off or changed anywhere gives an image or a DataSourceError", () => {
  const bmp = Buffer.alloc(54 + 4 * 256 + 3 * 4);
  bmp.write("BM");
  for (const [at, value] of [
    [10, 1078],
    [14, 40],
    [18, 3],
    [22, 3],
    [28, 8],
  ] as const) {
    bmp.writeUInt32LE(value, at);
  }
  const ppm = Buffer.concat([Buffer.from("P6 # c\n3 2 255\n"), Buffer.alloc(18, 7)]);
  const text = Buffer.from("P2 3 2 255\n1 2 3\n4 5 6\n");
  const change = fc.record({
    file: fc.constantFrom(bmp, ppm, text),
    cut: fc.nat(80),
    at: fc.nat(60),
    to: fc.nat(255),
  });
  return fc.assert(
    fc.asyncProperty(change, async ({ file, cut, at, to }) => {
      const bytes = Buffer.from(file);
      bytes[at] = to;
      const short = cut < 40 ? bytes.subarray(0, bytes.length - cut) : bytes;
      await decodeImage(short, "x").catch((e: unknown) =>
        expect(e).toBeInstanceOf(DataSourceError),
      );
    }),
    { numRuns: 300 },
  );
});

/** Values that look random, row by row as PNG stores them. */
const noise = (width: number, height: number, seed: number) =>
  Array.from({ length: height }, (_, row) =>
    Uint8Array.from(
      { length: width },
      (_, i) => (Math.imul(i + 997 * row + seed, 2654435761) >>> 13) & 255,
    ),
  );

describe.skipIf(!hasPythonModule("cv2"))("against OpenCV's imdecode (needs python3-opencv)", () => {
  const [width, height] = [17, 13];
  const images: [string, Buffer][] = [
    ["gray", pngFile(width, height, noise(width, height, 1), { colorType: GRAY, depth: 8 })],
    ["1-bit gray", pngFile(width, height, noise(3, height, 2), { colorType: GRAY, depth: 1 })],
    [
      "16-bit gray",
      pngFile(width, height, noise(2 * width, height, 3), { colorType: GRAY, depth: 16 }),
    ],
    ["color", pngFile(width, height, noise(3 * width, height, 4), { colorType: RGB, depth: 8 })],
    [
      "16-bit color",
      pngFile(width, height, noise(6 * width, height, 5), { colorType: RGB, depth: 16 }),
    ],
    [
      "gray with alpha",
      pngFile(width, height, noise(2 * width, height, 6), { colorType: GRAY_ALPHA, depth: 8 }),
    ],
    [
      "color with alpha",
      pngFile(width, height, noise(4 * width, height, 7), { colorType: RGBA, depth: 8 }),
    ],
    [
      "palette",
      pngFile(width, height, noise(width, height, 8), {
        colorType: PALETTE,
        depth: 8,
        palette: noise(768, 1, 9)[0]!,
      }),
    ],
  ];
  const jpegs = ["cat.jpg", "cat_gray.jpg", "fish-bike.jpg"];
  if (hasShared) {
    for (const name of jpegs) images.push([name, readFileSync(sharedPath("data/images", name))]);
  }
  const modes: [ColorMode, flag: number][] = [
    ["native", -1],
    ["color", 1],
    ["gray", 0],
  ];
  const script = `
import json, sys, base64, cv2, numpy as np
def decode(data, flag):
    m = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), flag)
    m = np.ascontiguousarray((m[..., None] if m.ndim == 2 else m).transpose(2, 0, 1))
    return [m.shape, m.itemsize, base64.b64encode(m.tobytes()).decode()]
print(json.dumps([decode(*case) for case in json.load(sys.stdin)]))`;

  const cases = images.flatMap(([name, bytes]) =>
    modes.map(([mode, flag]) => ({ name, bytes, mode, flag })),
  );
  let answers: [shape: number[], itemBytes: number, base64: string][] = [];
  beforeAll(() => {
    const input = cases.map(({ bytes, flag }) => [bytes.toString("base64"), flag]);
    answers = runPython(script, input) as typeof answers;
  });

  test.each(cases.map((decoded, index) => ({ ...decoded, index })))(
    "decodes $name as $mode to the same values",
    async ({ name, bytes, mode, index }) => {
      const [shape, itemBytes, base64] = answers[index]!;
      const { channels, height, width, data } = await decodeImage(bytes, name, mode);
      expect([[channels, height, width], data.BYTES_PER_ELEMENT]).toEqual([shape, itemBytes]);
      const own = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      expect(own.equals(Buffer.from(base64, "base64"))).toBe(true);
    },
  );
});

describe.skipIf(!hasPythonModule("cv2"))("files that OpenCV wrote (needs python3-opencv)", () => {
  /** Images of smooth noise in many forms, and what imread makes of each in color, gray and as it is. */
  const script = `
import json, sys, struct, base64, cv2, numpy as np
r = np.random.RandomState(1)
def image(h, w, c=3):
    a = r.randint(0, 256, (h // 4 + 2, w // 4 + 2, c)).astype(np.uint8)
    a = cv2.resize(a, (w, h), interpolation=cv2.INTER_CUBIC)
    return a if c > 1 else a.reshape(h, w)
def jpeg(a, *options):
    return bytes(cv2.imencode(".jpg", a, options)[1])
def turned(data, orientation, e):
    tiff = (b"II*\\0" if e == "<" else b"MM\\0*") + struct.pack(e + "IH", 8, 1)
    tiff += struct.pack(e + "HHIHH", 0x112, 3, 1, orientation, 0) + struct.pack(e + "I", 0)
    exif = b"Exif\\0\\0" + tiff
    return data[:2] + b"\\xff\\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
Q, PROG, RST, SAMPLING = cv2.IMWRITE_JPEG_QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_RST_INTERVAL, 7
files = {}
for h, w, q, prog, sampling, rst in [(37, 53, 90, 0, 0x221111, 0), (64, 64, 50, 1, 0x221111, 0), (11, 7, 95, 0, 0x411111, 0),
        (45, 33, 80, 0, 0x111111, 0), (50, 31, 75, 1, 0x221111, 3), (29, 60, 60, 0, 0x211111, 0), (31, 30, 70, 0, 0x121111, 0),
        (1, 1, 90, 0, 0x221111, 0), (3, 200, 90, 0, 0x221111, 0)]:
    data = jpeg(image(h, w), Q, q, PROG, prog, RST, rst, SAMPLING, sampling)
    files["jpeg %dx%d, quality %d, sampling %x, progressive %d" % (h, w, q, sampling, prog)] = data
color, gray = jpeg(image(23, 41)), jpeg(image(23, 41, 1))
for o in range(1, 9): files["jpeg with orientation %d" % o] = turned(color, o, "<>"[o % 2])
files["gray jpeg with orientation 6"] = turned(gray, 6, "<")
for ext, a in [("tiff", image(20, 31)), ("tiff", image(20, 31, 1)), ("tiff", image(20, 31).astype(np.uint16) * 251),
        ("webp", image(20, 31)), ("webp", np.dstack([image(20, 31), image(20, 31, 1)]))]:
    files["%s %s %s" % (ext, a.dtype, a.shape)] = bytes(cv2.imencode("." + ext, a)[1])
def noise(h, w, c=3, t=np.uint8): return r.randint(0, np.iinfo(t).max + 1, (h, w, c) if c > 1 else (h, w)).astype(t)
for w in (31, 32, 33, 34):
    for c in (1, 3, 4): files["bmp %dx%d" % (w, c)] = bytes(cv2.imencode(".bmp", noise(9, w, c))[1])
palette = bytearray(files["bmp 31x1"])
for i in range(256): palette[54 + 4 * i:57 + 4 * i] = bytes([i * 7 % 256, i * 3 % 256, 255 - i])
files["bmp with a palette"] = bytes(palette)
upright = bytearray(files["bmp 33x3"])
upright[22:26] = struct.pack("<i", -9)
files["bmp from the top down"] = bytes(upright)
for ext, c in (("pgm", 1), ("ppm", 3)):
    for t in (np.uint8, np.uint16): files[ext + t.__name__] = bytes(cv2.imencode("." + ext, noise(9, 31, c, t))[1])
    files[ext + " as text"] = bytes(cv2.imencode("." + ext, noise(9, 31, c), [cv2.IMWRITE_PXM_BINARY, 0])[1])
files["pgm with comments"] = b"P2 # one\\n#two\\n2 1 255\\n7\\t9\\n"
def decoded(data, flag):
    m = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    m = np.ascontiguousarray((m[..., None] if m.ndim == 2 else m).transpose(2, 0, 1))
    return [m.shape, m.itemsize, base64.b64encode(m.tobytes()).decode()]
print(json.dumps([[k, base64.b64encode(v).decode(), [decoded(v, f) for f in (-1, 1, 0)]] for k, v in files.items()]))`;
  type Answer = [shape: number[], itemBytes: number, base64: string];

  test("are decoded to the same values in every mode", async () => {
    const files = runPython(script, 0) as [name: string, file: string, answers: Answer[]][];
    expect(files.length).toBe(44);
    for (const [name, file, answers] of files) {
      for (const [i, mode] of (["native", "color", "gray"] as const).entries()) {
        const [shape, itemBytes, base64] = answers[i]!;
        const image = await decodeImage(Buffer.from(file, "base64"), name, mode);
        const { channels, height, width, data } = image;
        const label = `${name}, ${mode}`;
        expect([[channels, height, width], data.BYTES_PER_ELEMENT], label).toEqual([
          shape,
          itemBytes,
        ]);
        const own = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        expect(own.equals(Buffer.from(base64, "base64")), label).toBe(true);
      }
    }
  });
});
