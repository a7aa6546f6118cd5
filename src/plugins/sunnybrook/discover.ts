/** @file Finds the contours of a study and the DICOM slice that each belongs to. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { SHORT_AXIS_SERIES, shortCaseName } from "./cases.ts";

/** A contour with its slice. */
export interface Pair {
  /** As the image folders spell it: "SC-HF-I-1". */
  readonly caseName: string;
  readonly instance: number;
  /** Paths of the files. */
  readonly image: string;
  readonly contour: string;
}

export interface Discovery {
  readonly pairs: readonly Pair[];
  /** Contours whose slice was not found, one sentence each. */
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
}

/** A contour file of the inner border: the folder of the case, and the instance number in the file's name. */
const CONTOUR_PATH =
  /(?:^|\/)([^/]+)\/(?:contours-manual\/IRCCI-expert|i-contours)\/IM-0001-(\d{4})-icontour-manual\.txt$/;

/** @throws DataSourceError when a folder is missing or holds no contour. */
export async function discoverPairs(images: string, contours: string): Promise<Discovery> {
  await needFolder(images, "image");
  await needFolder(contours, "contour");
  const found = await findContours(contours);
  if (found.length === 0) {
    throw new DataSourceError(
      `${contours}: no inner contours (IM-0001-NNNN-icontour-manual.txt) in it or its folders; ` +
        "is this the folder of the contour archive?",
    );
  }
  const links = await readLinks(images, contours);
  const locators = new Map<string, CaseLocator>();
  const pairs: Pair[] = [];
  const leftOut: { id: string; reason: string }[] = [];
  let firstReason = "";
  for (const { path, caseName, instance } of found) {
    let locate = locators.get(caseName);
    if (!locate) {
      locate = await caseLocator(images, caseName, links);
      locators.set(caseName, locate);
    }
    const result = locate(instance);
    if ("image" in result) pairs.push({ caseName, instance, image: result.image, contour: path });
    else {
      firstReason ||= result.reason;
      leftOut.push({ id: relative(contours, path), reason: `${path}: ${result.reason}` });
    }
  }
  if (pairs.length === 0) {
    throw new DataSourceError(
      `${images}: holds the slice of none of the ${found.length} contours, so it is probably not the folder ` +
        `with the cases (challenge_training): ${firstReason}`,
    );
  }
  return { pairs, leftOut };
}

async function findContours(folder: string) {
  const names = await readdir(folder, { recursive: true });
  return names.sort().flatMap((name) => {
    const match = CONTOUR_PATH.exec(join(folder, name).split(sep).join("/"));
    if (!match) return [];
    const [, caseFolder, digits] = match;
    return [
      {
        path: join(folder, name),
        caseName: shortCaseName(caseFolder!),
        instance: Number(digits),
      },
    ];
  });
}

/** Where the slice of a given instance number lies, or why it is not known. */
type CaseLocator = (instance: number) => { image: string } | { reason: string };

/**
 * The challenge's layout is `<case>/IM-<series>-<instance>.dcm`, the Cardiac Atlas's `<SCD number>/<instance>.dcm`
 * with a table (`link.csv`) from one name to the other.
 */
async function caseLocator(
  images: string,
  caseName: string,
  links: ReadonlyMap<string, string>,
): Promise<CaseLocator> {
  const names = [caseName, links.get(caseName)].filter((name) => name !== undefined);
  for (const name of names) {
    const folder = join(images, name);
    const files = await readdir(folder).catch(() => undefined);
    if (files) return locatorIn(folder, files, caseName);
  }
  return () => ({ reason: `the image folder has no folder ${names.join(" or ")}` });
}

function locatorIn(folder: string, files: readonly string[], caseName: string): CaseLocator {
  const present = new Set(files);
  const numbered = (instance: number) => [`${instance}.dcm`, `IM-0001-${pad(instance)}.dcm`];
  const known = SHORT_AXIS_SERIES.get(caseName);
  const series = [
    ...new Set(files.flatMap((file) => /^IM-(\d{4})-\d{4}\.dcm$/.exec(file)?.[1] ?? [])),
  ];
  return (instance) => {
    const candidates = (known && series.includes(known) ? [known] : series)
      .map((number) => `IM-${number}-${pad(instance)}.dcm`)
      .concat(series.length === 0 ? numbered(instance) : [])
      .filter((file) => present.has(file));
    if (candidates.length === 1) return { image: join(folder, candidates[0]!) };
    if (candidates.length > 1) {
      return {
        reason: `${candidates.length} series in ${folder} have an instance ${instance} (${candidates.join(", ")}), and which one was contoured is not known`,
      };
    }
    const expected = `IM-${known ?? series[0] ?? "SSSS"}-${pad(instance)}.dcm`;
    return { reason: `there is no image ${join(folder, expected)}` };
  };
}

function pad(instance: number): string {
  return String(instance).padStart(4, "0");
}

/** Case name -> folder name by `link.csv`, looked for in both folders and beside them; empty when there is none. */
async function readLinks(images: string, contours: string): Promise<ReadonlyMap<string, string>> {
  for (const folder of [images, join(images, ".."), contours, join(contours, "..")]) {
    const text = await readFile(join(folder, "link.csv"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const links = new Map<string, string>();
    for (const line of text.split(/\r?\n/)) {
      const cells = line.split(",").map((cell) => cell.trim());
      const id = cells.find((cell) => /^SCD\d+$/.test(cell));
      const name = cells.find((cell) => /^SC-/.test(cell));
      if (id && name) links.set(shortCaseName(name), id);
    }
    return links;
  }
  return new Map();
}

async function needFolder(path: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DataSourceError(
      `${path}: Folder does not exist or is not reachable; expected the ${what} folder`,
    );
  }
}
