import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { decodeDatum, decodeImage, keyText, readRecords } from "../../src/data/index.ts";
import { runIn } from "../support/golden-cli.ts";
import { GRAY, RGB, pngFile } from "../support/png-file.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolLog } from "../support/tool-log.ts";

const at = temporaryFolder("imageset");

async function records(path: string, backend: "LMDB" | "LEVELDB" = "LMDB") {
  const found = [];
  for await (const { key, value } of readRecords(path, backend)) {
    const datum = decodeDatum(value);
    found.push({ key: keyText(key), datum: { ...datum, data: Uint8Array.from(datum.data!) } });
  }
  return found;
}

/** A record as the golden dumps describe it. */
interface Dumped {
  readonly key: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly label: number;
  readonly encoded: boolean;
  readonly nbytes: number;
  readonly has: readonly string[];
  readonly sum: number;
}

function dumped({ key, datum }: Awaited<ReturnType<typeof records>>[number]): Dumped {
  const { channels = 0, height = 0, width = 0, label = 0, encoded = false, data } = datum;
  const fields = ["channels", "height", "width", "data", "label", "encoded"];
  return {
    ...{ key, channels, height, width, label, encoded },
    nbytes: data.length,
    has: fields.filter((field) => field in datum),
    sum: data.reduce((sum, byte) => sum + byte, 0),
  };
}

const goldenFlags: Record<string, string[]> = {
  convert_default: [],
  convert_encode_type_png_resize: ["-encode_type=png", "-resize_height=8", "-resize_width=8"],
  convert_gray_resize: ["-gray", "-resize_height", "5", "-resize_width", "7"],
  convert_shuffle: ["-shuffle", "-backend=lmdb"],
};

describe.skipIf(!hasShared)("Caffe's own conversions (need ../shared)", () => {
  test("are those whose flags are known here", () => {
    const cases = readdirSync(sharedPath("golden/data")).filter((name) => /^convert_/.test(name));
    expect(cases.sort()).toEqual(Object.keys(goldenFlags).sort());
  });

  test.each(Object.keys(goldenFlags))("%s: the same records and the same log", async (name) => {
    const source = sharedPath("golden/data", name);
    mkdirSync(at(name));
    for (const part of ["im", "list.txt"]) {
      cpSync(`${source}/${part}`, at(name, part), { recursive: true });
    }
    const args = [...goldenFlags[name]!, "im/", "list.txt", "db"];
    const { code, err } = await runIn(at(name), ["convert_imageset", ...args]);
    expect(code).toBe(0);
    const log = readFileSync(`${source}/convert.log`, "utf8").trim().split("\n");
    expect(toolLog(err)).toEqual(toolLog(log));
    const dump = JSON.parse(readFileSync(`${source}/db_dump.json`, "utf8")) as Dumped[];
    const found = await records(at(name, "db"));
    if (name !== "convert_shuffle") {
      expect(found.map(dumped)).toEqual(dump);
      expect(found).toEqual(await records(`${source}/db`));
      return;
    }
    // Caffe took its seed from the clock: only the numbers of the keys are in order.
    expect(found.map(({ key }) => key.slice(0, 9))).toEqual(dump.map(({ key }) => key.slice(0, 9)));
    const byName = (records: readonly Dumped[]) =>
      records
        .map((record) => ({ ...record, key: record.key.slice(9) }))
        .sort((a, b) => a.key.localeCompare(b.key));
    expect(byName(found.map(dumped))).toEqual(byName(dump));
  });
});

/** A pattern without two equal pixels near each other. */
function png(name: string, width: number, height: number, colorType: typeof GRAY | typeof RGB) {
  const bytes = width * (colorType === RGB ? 3 : 1);
  const rows = Array.from({ length: height }, (_, y) =>
    Uint8Array.from({ length: bytes }, (_, x) => (x * 37 + y * 91 + x * y * 3) % 256),
  );
  writeFileSync(at("im", name), pngFile(width, height, rows, { colorType, depth: 8 }));
}

beforeAll(() => {
  mkdirSync(at("im"));
  png("a b.png", 6, 4, RGB);
  png("gray.png", 6, 4, GRAY);
  png("big.png", 31, 17, RGB);
  png("column.png", 1, 5, RGB);
  writeFileSync(at("im/damaged.png"), readFileSync(at("im/big.png")).subarray(0, 60));
  writeFileSync(at("im/noending"), readFileSync(at("im/gray.png")));
});

async function convert(list: string, ...flags: string[]) {
  const name = `db${readdirSync(at()).length}`;
  writeFileSync(at("list.txt"), list);
  const { code, err } = await runIn(at(), ["convert-imageset", ...flags, "im/", "list.txt", name]);
  return { code, err: toolLog(err), name };
}

describe("convert-imageset", () => {
  test("takes the label from behind the last space, and C's view of what is a number", async () => {
    const { name } = await convert(
      "a b.png 7\r\ngray.png  -3x\nbig.png\t5 nonsense\ncolumn.png 12",
    );
    const found = await records(at(name));
    expect(found.map(({ key, datum }) => [key, datum.label])).toEqual([
      ["00000000_a b.png", 7],
      ["00000003_column.png", 12],
    ]);
  });

  test("skips images that it cannot read, but counts their lines", async () => {
    const list = "nope.png 1\na b.png 2\n\ndamaged.png 3\ngray.png 4\n";
    const { code, err, name } = await convert(list);
    expect(code).toBe(0);
    expect(err).toEqual([
      "I convert_imageset.cpp:89] A total of 5 images.",
      `I db_lmdb.cpp:35] Opened lmdb ${name}`,
      "E io.cpp:80] Could not open or find file im/nope.png",
      "E io.cpp:80] Could not open or find file im/",
      expect.stringMatching(
        /^E io.cpp:80\] Could not open or find file im\/damaged.png: .*cannot be decoded/,
      ),
      "I convert_imageset.cpp:153] Processed 2 files.",
    ]);
    const found = await records(at(name));
    expect(found.map(({ key }) => key)).toEqual(["00000001_a b.png", "00000004_gray.png"]);
    expect(found.map(({ datum }) => datum.channels)).toEqual([3, 3]);
  });

  test("explains an empty database", async () => {
    const { code, err } = await convert("nope.png 1\n");
    expect(code).toBe(0);
    expect(err.at(-1)).toContain("No image was converted: the database is empty. ROOT and a name");
  });

  test("shuffles as Caffe does with the same seed", async () => {
    const names = ["a b.png", "gray.png", "big.png", "column.png"];
    const list = names.map((name, i) => `${name} ${i}`).join("\n");
    const { name } = await convert(list, "--shuffle", "--seed=7");
    const random = createRandom(7);
    const expected = [0, 1, 2, 3];
    for (const i of [3, 2, 1]) {
      const j = random.integer(i);
      [expected[i], expected[j]] = [expected[j]!, expected[i]!];
    }
    const found = await records(at(name));
    expect(found.map(({ datum }) => datum.label)).toEqual(expected);
    expect(found.map(({ key }) => key)).toEqual(
      expected.map((label, i) => `0000000${i}_${names[label]}`),
    );
  });

  test("writes LevelDBs, too", async () => {
    const { name, err } = await convert("gray.png 1\na b.png 0", "-backend", "leveldb", "--gray");
    expect(err).toContain(`I db_leveldb.cpp:18] Opened leveldb ${name}`);
    expect((await records(at(name), "LEVELDB")).map(dumped)).toMatchObject([
      { key: "00000000_gray.png", channels: 1, height: 4, width: 6, label: 1, encoded: false },
      { key: "00000001_a b.png", channels: 1, height: 4, width: 6, label: 0, encoded: false },
    ]);
  });

  test("stores a file itself where it has the type already and nothing is resized", async () => {
    // Also a colour file where gray is asked for: Caffe does not look.
    const { name, err } = await convert("a b.png 1\nnoending 2", "-encoded", "-gray");
    const found = await records(at(name));
    expect(found[0]!.datum.data).toEqual(Uint8Array.from(readFileSync(at("im/a b.png"))));
    expect(found[1]!.datum.data).toEqual(Uint8Array.from(readFileSync(at("im/noending"))));
    expect(found[0]!.datum).not.toHaveProperty("channels");
    expect(err).toContain("W convert_imageset.cpp:117] Failed to guess the encoding of 'noending'");
  });

  test("encodes anew where only one size is given, without resizing", async () => {
    const { name } = await convert("a b.png 1", "-encoded", "-resize_width=3");
    const data = (await records(at(name)))[0]!.datum.data;
    expect(data).not.toEqual(Uint8Array.from(readFileSync(at("im/a b.png"))));
    const [again, before] = [data, readFileSync(at("im/a b.png"))];
    expect(await decodeImage(again, "again")).toEqual(await decodeImage(before, "before"));
  });

  test("compares the sizes of images that are stored as files, which Caffe cannot", async () => {
    const same = await convert("a b.png 1\na b.png 2", "-encoded", "-check_size");
    expect(same.code).toBe(0);
    const other = await convert("a b.png 1\nbig.png 2", "-encoded", "-check_size");
    expect(other.code).toBe(1);
  });

  const opencv = test.skipIf(!hasPythonModule("cv2"));
  opencv("stores the bytes that OpenCV gives, with every kind of flags (needs cv2)", async () => {
    const cat = sharedPath("data/images/cat.jpg");
    if (existsSync(cat)) cpSync(cat, at("im/cat.jpg"));
    const all = ["a b.png", "big.png", "column.png", "gray.png", "cat.jpg"];
    const names = all.filter((name) => existsSync(at("im", name)));
    const list = names.map((name) => `${name} 0\n`).join("");
    const jobs: { flags: readonly string[]; gray: boolean; size: number[]; type: string | null }[] =
      [];
    const stored: (readonly string[])[] = [];
    for (const [gray, [width, height], type] of [
      [false, [0, 0], null],
      [true, [0, 0], null],
      [false, [20, 9], null],
      [true, [3, 40], null],
      [false, [0, 0], "png"],
      [false, [0, 0], "jpg"],
      [true, [0, 0], "jpeg"],
      [true, [200, 64], "png"],
      [false, [321, 123], ""],
    ] as const) {
      const flags = [
        ...(gray ? ["-gray"] : []),
        ...(width > 0 ? [`-resize_width=${width}`, `-resize_height=${height}`] : []),
        ...(type === "" ? ["-encoded"] : type === null ? [] : [`-encode_type=${type}`]),
      ];
      const { name, code } = await convert(list, ...flags);
      expect(code).toBe(0);
      const found = await records(at(name));
      stored.push(found.map(({ datum }) => Buffer.from(datum.data).toString("base64")));
      jobs.push({ flags, gray, size: [width, height], type });
    }
    const files = names.map((name) => at("im", name));
    const wanted = runPython(OPENCV, { files, jobs }) as string[][];
    for (const [i, { flags }] of jobs.entries()) {
      const differing = names.filter((_, n) => stored[i]![n] !== wanted[i]![n]);
      expect({ flags, differing }).toEqual({ flags, differing: [] });
      expect(stored[i]).toHaveLength(names.length);
    }
  });

  test.each([
    [["im/", "nope.txt", "db"], "cannot read the list"],
    [["im/", "list.txt"], "missing DB; usage: cortado convert-imageset ROOT/ LIST DB [flags]"],
    [["im/", "list.txt", "im"], "mkdir im failed: it exists already."],
    [
      ["im/", "list.txt", "im", "-backend=leveldb"],
      "Failed to open leveldb im: it exists already.",
    ],
    [["im/", "list.txt", "db", "-backend=x"], 'Unknown database backend "x"'],
    [
      ["im/", "list.txt", "db", "-resize_width=1.5"],
      "illegal value '1.5' specified for int32 flag",
    ],
    [["im/", "list.txt", "db", "-check_size"], "Incorrect data field size 1581: big.png"],
    [["im/", "list.txt", "db", "-encode_type=bmp"], 'not as "bmp"; give -encode_type'],
    [["im/", "list.txt", "list.txt/db"], "cannot be written: not a directory (ENOTDIR)"],
    [["im/", "list.txt", "list.txt/db", "-backend=leveldb"], "the LevelDB cannot be written"],
  ])("%j: one line, code 1, and no database", async (args, message) => {
    writeFileSync(at("list.txt"), "a b.png 0\nbig.png 1\n");
    const before = readdirSync(at());
    const { code, err } = await runIn(at(), ["convert-imageset", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(existsSync(at("db"))).toBe(false);
    expect(readdirSync(at())).toEqual(before);
  });
});

/** What convert_imageset does with cv2, for each job and file: the bytes of the Datum's `data`. */
const OPENCV = `
import base64, json, sys
import cv2
asked = json.load(sys.stdin)

def stored(path, gray, size, type):
    width, height = size
    own = path.rsplit(".", 1)[1]
    if type is not None and width == 0 and own == (type or own):
        return open(path, "rb").read()
    image = cv2.imread(path, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    if width > 0:
        image = cv2.resize(image, (width, height))
    if type is not None:
        return cv2.imencode("." + (type or own), image)[1].tobytes()
    return (image.transpose(2, 0, 1) if image.ndim == 3 else image).tobytes()

print(json.dumps([
    [base64.b64encode(stored(path, job["gray"], job["size"], job["type"])).decode() for path in asked["files"]]
    for job in asked["jobs"]
]))
`;
