/** @file Golden runs of Caffe's command line, made runnable without HDF5. */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { createLmdb, encodeDatum } from "../../src/data/index.ts";
import { createMessage } from "../../src/schema/index.ts";
import { recordedIo } from "./io.ts";
import { sharedPath } from "./shared.ts";

/** Records and features in the .h5 files of the golden runs. */
const SIZES = { train: 40, test: 30 };
const FEATURES = 4;
/** Where h5py put the first array; the labels follow the features. */
const DATA_OFFSET = 2048;

/** A copy of a golden run with LMDBs of floats in place of HDF5 files. */
export async function goldenRun(name: string): Promise<{ readonly folder: string } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  const source = sharedPath("golden/cli", name);
  for (const file of readdirSync(source)) {
    if (/^(net|solver)\.prototxt$|^init\.caffemodel$/.test(file)) {
      cpSync(join(source, file), join(folder, file));
    }
  }
  databases ??= makeDatabases(sharedPath("golden/cli/train"));
  cpSync(await databases, folder, { recursive: true });
  const net = join(folder, "net.prototxt");
  const text = readFileSync(net, "utf8")
    .replaceAll('"HDF5Data"', '"Data"')
    .replace(
      /hdf5_data_param \{ source: "(\w+)\.txt"/g,
      'data_param { backend: LMDB source: "$1_db"',
    );
  writeFileSync(net, text);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** All golden runs read the same data. */
let databases: Promise<string> | undefined;

async function makeDatabases(source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "golden-data-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const set of ["train", "test"] as const) await convert(source, set, folder);
  return folder;
}

/** Each row of `data` and its `label` become one Datum with float_data. */
async function convert(source: string, set: "train" | "test", folder: string): Promise<void> {
  const bytes = readFileSync(join(source, `${set}.h5`));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + DATA_OFFSET));
  const database = createLmdb(join(folder, `${set}_db`));
  for (let row = 0; row < SIZES[set]; row++) {
    const floatData = values.slice(row * FEATURES, (row + 1) * FEATURES);
    const label = values[SIZES[set] * FEATURES + row]!;
    const shape = { channels: FEATURES, height: 1, width: 1 };
    const datum = createMessage("Datum", { ...shape, floatData, label });
    database.put(Buffer.from(String(row).padStart(8, "0")), encodeDatum(datum));
  }
  await database.close();
}

/** The command line of a golden run, without the tool's name. */
export function goldenArguments(name: string): string[] {
  const text = readFileSync(sharedPath("golden/cli", name, "cmd.txt"), "utf8");
  return text.trim().split(/\s+/).slice(1);
}

export function goldenLog(name: string): string[] {
  return readFileSync(sharedPath("golden/cli", name, "stderr.log"), "utf8")
    .trimEnd()
    .split("\n");
}

/** Runs a command line in a folder, as a shell would. */
export async function runIn(folder: string, args: readonly string[]) {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const io = recordedIo(folder);
    const code = await main(args, io);
    return { code, out: io.stdout, err: io.stderr.flatMap((line) => line.split("\n")) };
  } finally {
    process.chdir(before);
  }
}

/** Log lines from the one that holds `first` on, without prefix; what depends on time is left out. */
export function messages(lines: readonly string[], first: string): string[] {
  const texts = lines
    .filter((line) => /^[IWEF]\d{4} /.test(line))
    // Data says so, HDF5Data doesn't.
    .filter((line) => !line.endsWith("Restarting data prefetching from start."))
    .map((line) => line.replace(/^\S+ \S+ +\d+ \S+\] /, ""));
  return texts
    .slice(texts.findIndex((text) => text.includes(first)))
    .map((text) => text.replace(/\(\S+ iter\/s, \S+s\//, "(- iter/s, -s/"))
    .map((text) => text.replace(/: \S+ ms\.$/, ": - ms."));
}

/** Whether two lines agree when numbers may differ by one in the sixth digit. */
export function sameLine(actual: string | undefined, expected: string): boolean {
  const number = /-?\d+\.?\d*(?:e[-+]\d+)?/g;
  if (actual?.replaceAll(number, "#") !== expected.replaceAll(number, "#")) return false;
  const [a, b] = [actual, expected].map((line) => (line.match(number) ?? []).map(Number));
  return b!.every((value, i) => Math.abs(a![i]! - value) <= 1.1e-5 * Math.abs(value) + 1e-9);
}
