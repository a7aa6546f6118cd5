/** @file Log lines of Caffe's tools, for comparing. */

/** Lines as level, source and text: `I solver.cpp:289] Solving`. Times and thread ids go. */
export function toolLog(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^([IWE])\d{4} \S+ +\d+ /, "$1 "));
}
