/** @file The known name that a misspelt one most likely means. */

/**
 * The candidate with the fewest edits (a letter more, less, other, or two swapped), letter case
 * ignored; `undefined` if none is within a third of the name's length.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalised(name);
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const edits = distance(wanted, normalised(candidate));
    if (edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** `", did you mean "x"?"`-like endings in one form everywhere; empty if there is no such name. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
}

const normalised = (name: string): string => name.slice(0, 100).toLowerCase();

/** Optimal string alignment distance between two words. */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let edits = Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1);
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, older[column - 2]! + 1);
      current.push(edits);
    }
    older = previous;
    previous = current;
  }
  return previous[b.length]!;
}
