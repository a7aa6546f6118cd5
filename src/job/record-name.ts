/** @file What a record is called; runs in browsers, too. */

/** Case and slice, or the file: never anything of a DICOM header. */
export function recordName(
  facts: Readonly<Record<string, string | number>>,
  index: number,
): string {
  if (facts.case !== undefined) return `${facts.case}, slice ${facts.instance ?? "?"}`;
  return String(facts.image ?? facts.id ?? facts.key ?? `record ${index}`);
}
