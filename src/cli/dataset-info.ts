/** @file `cortado dataset info`: what lies in a dataset of cortado or DIGITS, or in an LMDB of Caffe. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { writeFileAtomically } from "../model-file/index.ts";
import { type DatabaseInfo, type DatasetInfo, datasetInfo } from "../plugins/dataset/info.ts";
import { drawMosaic } from "../plugins/dataset/mosaic.ts";
import type { ClassCount } from "../plugins/dataset/statistics.ts";
import type { Command } from "./command.ts";
import { progressOf, wholeNumber } from "./dataset-flags.ts";
import { tableLines } from "./table.ts";

export const datasetInfoCommand: Command = {
  name: "dataset info",
  summary: "describe a dataset: records, shapes, class balance",
  positionals: ["DIR"],
  flags: {
    json: { type: "boolean", summary: "print JSON", default: false },
    mosaic: {
      type: "string",
      value: "FILE",
      summary: "draw the first records with the borders of their labels into a PNG",
    },
    count: { type: "number", value: "N", summary: "records in the mosaic", default: 24 },
  },

  async run(flags, [folder], io) {
    const path = resolve(io.cwd, folder!);
    const info = await datasetInfo(path, {
      onProgress: progressOf(io, "records"),
      signal: io.signal,
    });
    if (flags.json === true) io.out(JSON.stringify(info, null, 2));
    else for (const line of describe(info)) io.out(line);
    if (flags.mosaic !== undefined) {
      const file = resolve(io.cwd, String(flags.mosaic));
      await writeFileAtomically(file, [await mosaicOf(path, info, wholeNumber(flags, "count"))]);
      io.err(`wrote ${file}`);
    }
    return 0;
  },
};

function describe({ folder, description, databases, problems }: DatasetInfo): string[] {
  const rows = databases.map((database) => [
    database.path,
    String(database.records),
    database.shapes
      .map(({ shape }) => shape.join("x"))
      .slice(0, 3)
      .join(" ") || "-",
    database.types.join(", ") || "-",
    range(database),
    database.records > 0 ? `${database.firstKey} to ${database.lastKey}` : "-",
    `${(database.bytes / 1e6).toFixed(1)} MB`,
  ]);
  const columns = [
    { head: "database" },
    { head: "records", align: "right" },
    { head: "shape" },
    { head: "values" },
    { head: "min, max, mean" },
    { head: "keys" },
    { head: "size", align: "right" },
  ] as const;
  const kind = typeof description?.kind === "string" ? ` (${description.kind})` : "";
  return [
    `${folder}${kind}`,
    "",
    ...tableLines(columns, rows),
    ...databases.flatMap((database) => classLines(database, classNames(description))),
    ...problems.map((problem) => `warning: ${problem}`),
  ];
}

function range({ min, max, mean }: DatabaseInfo): string {
  return [min, max, mean]
    .map((value) => (value === undefined ? "-" : String(Number(value.toPrecision(4)))))
    .join(", ");
}

function classNames(description: DatasetInfo["description"]): readonly string[] {
  const names = description?.classNames;
  return Array.isArray(names) ? names.map(String) : [];
}

function classLines(database: DatabaseInfo, names: readonly string[]): string[] {
  const { path, pixelClasses, recordClasses } = database;
  const table = (what: string, classes: readonly ClassCount[] | undefined): string[] => {
    if (!classes || classes.length === 0) return [];
    const rows = classes.map(({ class: index, count, fraction, records }) => [
      String(index),
      names[index] ?? "",
      String(count),
      `${(100 * fraction).toFixed(3)} %`,
      String(records),
    ]);
    const columns = [
      { head: "class", align: "right" },
      { head: "name" },
      { head: what, align: "right" },
      { head: "share", align: "right" },
      { head: "in records", align: "right" },
    ] as const;
    return ["", `${path}: classes`, ...tableLines(columns, rows)];
  };
  return [...table("pixels", pixelClasses), ...table("records", recordClasses)];
}

/** The first database with images, and the labels that lie beside it. */
async function mosaicOf(folder: string, info: DatasetInfo, count: number): Promise<Uint8Array> {
  const shown = info.databases.find(({ path, records }) => records > 0 && !/label/i.test(path));
  if (!shown) throw new UsageError(`${folder} has no images to draw`);
  const features = join(folder, shown.path);
  const labels = features.replace(/features$/, "labels");
  const hasLabels = labels !== features && existsSync(labels);
  return drawMosaic({ features, labels: hasLabels ? labels : undefined, count });
}
