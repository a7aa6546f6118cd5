/** @file What a record is called; runs in browsers, too. */

/** Case and slice, or the file: never anything of a DICOM header. */
export function recordName(
  facts: Readonly<Record<string, string | number>>,
  index: number,
): string {
  const { case: patient, instance, image, id, key } = facts;
  if (patient !== undefined && instance !== undefined) return `${patient}, slice ${instance}`;
  return String(image ?? id ?? key ?? `record ${index}`);
}
