/**
 * The candidate that was probably meant, or null. A third of the letters may be wrong, never more than three, and
 * never so many that nothing typed is left; a difference of case alone costs nothing. Ties go to the earlier candidate.
 */
export function didYouMean(typed: string, candidates: Iterable<string>): string | null {
  const limit = Math.min(3, Math.max(1, Math.floor(typed.length / 3)), Math.max(0, typed.length - 1));
  let nearest: string | null = null;
  let best = limit + 1;
  for (const candidate of candidates) {
    if (candidate === typed || Math.abs(candidate.length - typed.length) > limit) continue;
    const d = editDistance(typed.toLowerCase(), candidate.toLowerCase());
    if (d < best) [nearest, best] = [candidate, d];
  }
  return nearest;
}

/** Damerau–Levenshtein with adjacent swaps (optimal string alignment): insert, delete, replace and swap cost one. */
export function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replace);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] && i > 1 && j > 1) cost = Math.min(cost, (twoBack[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [twoBack, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}
