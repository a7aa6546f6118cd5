/** @file Text in pictures: how wide it is, where it is cut, and how it is written into XML. */

/** Narrow and wide letters; the others are between them. */
const NARROW = " !\"'()*,-./:;I[\\]`fijl|t{}r";
const WIDE = "ABCDEGHKMNOPQRSUVXYmwW@%&#×→—";

/** Roughly how wide a text is in the fonts that systems take for Helvetica; in the widest of them. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text) {
    if (NARROW.includes(letter)) width += 0.37;
    else if (WIDE.includes(letter)) width += 0.8;
    else width += letter < "\u0250" ? 0.63 : 1.05;
  }
  return width * size;
}

/** How wide a text is in a font whose letters have one width. */
export function monoWidth(text: string, size: number): number {
  return [...text].length * 0.605 * size;
}

/** A text of at most `length` letters: the middle goes, as names differ at their ends. */
export function shortened(text: string, length: number): string {
  const letters = [...text];
  if (letters.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${letters.slice(0, length - 1 - end).join("")}…${letters.slice(-end).join("")}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an XML document, whatever a stranger calls a layer; what XML cannot hold becomes U+FFFD. */
export function xmlText(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}
