/** @file The challenge's training cases: which series of each holds the short-axis stack. */

/** By case name as the image folders spell it; the numbers are in no DICOM header (table of DIGITS' plug-in). */
export const SHORT_AXIS_SERIES: ReadonlyMap<string, string> = new Map([
  ["SC-HF-I-1", "0004"],
  ["SC-HF-I-2", "0106"],
  ["SC-HF-I-4", "0116"],
  ["SC-HF-I-40", "0134"],
  ["SC-HF-NI-3", "0379"],
  ["SC-HF-NI-4", "0501"],
  ["SC-HF-NI-34", "0446"],
  ["SC-HF-NI-36", "0474"],
  ["SC-HYP-1", "0550"],
  ["SC-HYP-3", "0650"],
  ["SC-HYP-38", "0734"],
  ["SC-HYP-40", "0755"],
  ["SC-N-2", "0898"],
  ["SC-N-3", "0915"],
  ["SC-N-40", "0944"],
]);

/** The image folder's name for a case: numbers without leading zeros, `SC-HF-I-01` -> `SC-HF-I-1`. */
export function shortCaseName(name: string): string {
  return name
    .split("-")
    .map((word) => (/^\d+$/.test(word) ? String(Number(word)) : word))
    .join("-");
}

/** The contour folder's name for a case: numbers of two digits, `SC-HF-I-1` -> `SC-HF-I-01`. */
export function paddedCaseName(name: string): string {
  return name
    .split("-")
    .map((word) => (/^\d$/.test(word) ? `0${word}` : word))
    .join("-");
}
