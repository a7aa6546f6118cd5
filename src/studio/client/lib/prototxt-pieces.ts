/** @file A prototxt cut into pieces that have a colour each. */

const TOKENS =
  /(?<comment>#[^\n]*)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<field>[A-Za-z_]\w*(?=\s*[:{]))|(?<number>-?\d[\w.+-]*)|(?<word>[A-Za-z_]\w*)/g;

/** Longer texts are shown plain: colours would make typing slow. */
const MOST_CHARACTERS = 150_000;

export interface Piece {
  /** "" for what has no colour. */
  readonly kind: string;
  readonly text: string;
}

/** Pieces that give the text again, and a line break behind it. */
export function piecesOf(text: string): Piece[] {
  if (text.length > MOST_CHARACTERS) return [{ kind: "", text: `${text}\n` }];
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > end) pieces.push({ kind: "", text: text.slice(end, match.index) });
    const kind = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined)?.[0];
    pieces.push({ kind: kind ?? "", text: match[0] });
    end = match.index + match[0].length;
  }
  pieces.push({ kind: "", text: `${text.slice(end)}\n` });
  return pieces;
}

/** Where a line of the text begins and ends. */
export function lineRange(text: string, line: number): readonly [start: number, end: number] {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}
