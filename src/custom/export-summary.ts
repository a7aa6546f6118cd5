/** @file What a layer file exports, in words: enough to say what is missing. */
import type { LayerExports } from "./run-compiled.ts";

export interface ExportSummary {
  readonly classes: readonly string[];
  readonly otherExports: readonly string[];
  /** The method that every layer needs and the wanted class does not have. */
  readonly lacks?: string | undefined;
}

export function summaryOf(
  { classes, otherExports }: LayerExports,
  className: string,
): ExportSummary {
  const prototype = classes.get(className)?.prototype;
  const lacks = (["reshape", "forward"] as const).find(
    (method) => prototype && typeof prototype[method] !== "function",
  );
  return { classes: [...classes.keys()], otherExports, lacks };
}
