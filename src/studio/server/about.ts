/** @file What a user calls a job and notes about it: `about.json` in its folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../model-file/index.ts";
import type { JobAbout } from "../api-types.ts";
import { cachedByStamp } from "./cache.ts";

const FILE = "about.json";

/** @returns undefined where nothing was said */
export const readAbout = cachedByStamp(async (folder): Promise<JobAbout | undefined> => {
  const about: unknown = JSON.parse(await readFile(join(folder, FILE), "utf8"));
  if (typeof about !== "object" || about === null) return undefined;
  const text = (key: keyof JobAbout) => {
    const value: unknown = Reflect.get(about, key);
    return typeof value === "string" ? value : "";
  };
  return { title: text("title"), notes: text("notes") };
}, FILE);

export async function writeAbout(folder: string, about: JobAbout): Promise<void> {
  const text = `${JSON.stringify(about, undefined, 2)}\n`;
  await writeFileAtomically(join(folder, FILE), [new TextEncoder().encode(text)]);
}
