/** @file What lies in the databases of a dataset: records, shapes, types, values, class balance. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { keyText, openLmdb } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";
import { DATASET_FILE } from "./build.ts";
import { checkInterrupted } from "./interrupt.ts";
import { RecordStatistics, type ValueStatistics } from "./statistics.ts";

export interface DatabaseInfo extends ValueStatistics {
  /** Relative to the folder that was asked about; "." for that folder itself. */
  readonly path: string;
  readonly records: number;
  readonly bytes: number;
  readonly firstKey: string | undefined;
  readonly lastKey: string | undefined;
}

export interface DatasetInfo {
  readonly folder: string;
  /** What `dataset.json` says, without its lists of records; absent for other makers' folders. */
  readonly description: Readonly<Record<string, unknown>> | undefined;
  readonly databases: readonly DatabaseInfo[];
  /** What does not fit together, one sentence each. */
  readonly problems: readonly string[];
}

export interface InfoOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads every record of every LMDB in a folder: a dataset of cortado or DIGITS, or a database of Caffe.
 *
 * @throws DataSourceError when there is none, or one is damaged or holds no Datum records.
 */
export async function datasetInfo(folder: string, options: InfoOptions = {}): Promise<DatasetInfo> {
  const paths = await findDatabases(folder);
  if (paths.length === 0) {
    throw new DataSourceError(`${folder}: holds no LMDB (a folder with a data.mdb)`);
  }
  const readers = paths.map((path) => openLmdb(path));
  const total = readers.reduce((sum, { entries }) => sum + entries, 0);
  for (const reader of readers) reader.close();
  const databases: DatabaseInfo[] = [];
  let done = 0;
  for (const path of paths) {
    const report = () => options.onProgress?.(++done, total);
    databases.push(await databaseInfo(path, relative(folder, path) || ".", report, options.signal));
  }
  return {
    folder,
    description: await readDescription(folder),
    databases,
    problems: findProblems(databases),
  };
}

async function databaseInfo(
  path: string,
  shown: string,
  report: () => void,
  signal: AbortSignal | undefined,
): Promise<DatabaseInfo> {
  const reader = openLmdb(path);
  try {
    // Only the values of label images are classes; those of other images are too many to count.
    const statistics = new RecordStatistics(/label/i.test(basename(path)));
    const cursor = reader.cursor();
    let firstKey: string | undefined;
    let lastKey: string | undefined;
    for (let more = cursor.first(); more; more = cursor.next()) {
      checkInterrupted(signal);
      lastKey = keyText(cursor.key);
      firstKey ??= lastKey;
      await statistics.add(cursor.value, `${path}: record ${lastKey}`);
      report();
    }
    const { size } = await stat(reader.path);
    const found = statistics.summary();
    return { path: shown, records: reader.entries, bytes: size, firstKey, lastKey, ...found };
  } finally {
    reader.close();
  }
}

/** Folders with a data.mdb: this one, or those up to three levels below. */
async function findDatabases(folder: string, depth = 0): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) {
    throw new DataSourceError(`${folder}: Folder does not exist or is not reachable`);
  }
  if (entries.some(({ name }) => name === "data.mdb")) return [folder];
  if (depth === 3) return [];
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => join(folder, name))
    .sort();
  const found = await Promise.all(folders.map((path) => findDatabases(path, depth + 1)));
  return found.flat();
}

async function readDescription(folder: string): Promise<DatasetInfo["description"]> {
  const text = await readFile(join(folder, DATASET_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content !== "object" || content === null) return undefined;
    const {
      train: _train,
      val: _val,
      leftOut: _leftOut,
      ...description
    } = { ...content } as Record<string, unknown>;
    return description;
  } catch {
    throw new DataSourceError(
      `${join(folder, DATASET_FILE)}: is no JSON; delete it, or make the dataset again`,
    );
  }
}

function findProblems(databases: readonly DatabaseInfo[]): string[] {
  const problems: string[] = [];
  for (const labels of databases.filter(({ path }) => /(^|\/)labels$/.test(path))) {
    const path = labels.path.replace(/labels$/, "features");
    const features = databases.find((other) => other.path === path);
    if (!features) problems.push(`${labels.path} has no features beside it`);
    else if (features.records !== labels.records) {
      problems.push(
        `${path} has ${features.records} records, but ${labels.path} has ${labels.records}; they must pair up`,
      );
    } else if (features.firstKey !== labels.firstKey || features.lastKey !== labels.lastKey) {
      problems.push(`${path} and ${labels.path} have different keys`);
    }
  }
  for (const { path, shapes } of databases) {
    if (shapes.length > 1) problems.push(`${path} has images of ${shapes.length} different shapes`);
  }
  return problems;
}
