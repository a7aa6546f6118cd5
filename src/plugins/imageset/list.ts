/** @file Lists of image files and their labels, one a line, as convert_imageset reads them. */
import { readFile } from "node:fs/promises";
import { createRandom } from "../../core/random.ts";
import { DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/index.ts";

/** A line of the list. */
export interface ListEntry {
  /** The file's name as it stands there, as bytes: names need not be UTF-8. */
  readonly name: Buffer;
  readonly label: number;
}

/**
 * Reads a list. The label is what follows the last space, so that names may have spaces.
 * @throws DataSourceError when the list cannot be read
 */
export async function readImageList(path: string): Promise<ListEntry[]> {
  let text: string;
  try {
    text = await readFile(path, "latin1");
  } catch (cause) {
    throw new DataSourceError(`cannot read the list ${path}: ${systemReason(cause)}`, { cause });
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map(entryOf);
}

function entryOf(line: string): ListEntry {
  const space = line.lastIndexOf(" ");
  const name = Buffer.from(space < 0 ? line : line.slice(0, space), "latin1");
  return { name, label: leadingInteger(line.slice(space + 1)) };
}

/** C's `atoi`: what looks like a number at the start, else 0. */
function leadingInteger(text: string): number {
  return Number(/^\s*([-+]?\d+)/.exec(text)?.[1] ?? 0) | 0;
}

/** In the order that Caffe gives with this seed (BVLC `caffe::shuffle`). */
export function shuffled<T>(list: readonly T[], seed: number | undefined): T[] {
  const random = createRandom(seed);
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
