/** @file Places in users' files: how a path is shown, and the line with a caret under the column. */
import { isAbsolute, relative } from "node:path";
import type { Location } from "../errors.ts";

/** Relative to the working directory where the file lies in it. */
export function displayPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}

export function excerptAt(source: string, { line, column }: Location): string | undefined {
  const text = source.split("\n")[line - 1]?.trimEnd();
  if (text === undefined) return undefined;
  // Tabs stay tabs, so that the caret stands where the terminal puts the column.
  return `${text}\n${text.slice(0, column - 1).replace(/[^\t]/g, " ")}^`;
}
