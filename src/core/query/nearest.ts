/**
 * The word that a mistyped one was probably meant to be, for error messages.
 */

/**
 * The closest candidate within two edits (one, for words of up to four letters), or null. The first
 * of equals.
 */
export const nearest = (word: string, candidates: Iterable<string>): string | null => {
  // Nobody means a word of five letters by one of a hundred; and the cost grows with the product.
  if (word.length > wordLengthMax) return null;
  let best: string | null = null;
  let least = word.length <= 4 ? 2 : 3;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
};

/** `; did you mean "x"?`, or nothing. */
export const suggestion = (word: string, candidates: Iterable<string>): string => {
  const close = nearest(word, candidates);
  return close === null ? "" : `; did you mean ${close}?`;
};

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
 */
const editDistance = (a: string, b: string): number => {
  let beforeLast: readonly number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          cell(last, column) + 1,
          cell(current, column - 1) + 1,
          cell(last, column - 1) + (same ? 0 : 1),
          swapped ? cell(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return cell(last, b.length);
};

const cell = (row: readonly number[], column: number): number =>
  row[column] ?? Number.POSITIVE_INFINITY;

const wordLengthMax = 32;
