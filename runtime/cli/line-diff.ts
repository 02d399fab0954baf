/** A unified diff of two texts by lines, the shape that `patch` and every reader of reviews knows. */

type Edit = { readonly kind: "same" | "removed" | "added"; readonly line: string };

const CONTEXT = 3;
/** Cells of the table below; beyond it the changed middle is shown as replaced whole. */
const LARGEST_TABLE = 4_000_000;

/** Empty where the texts are equal. */
export function lineDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return "";
  const edits = compare(linesOf(before), linesOf(after));
  return `--- ${beforeName}\n+++ ${afterName}\n${hunks(edits).join("")}`;
}

/** A last line without its break differs from one with it, as in diff(1). */
const linesOf = (text: string): readonly string[] => {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  return last === "" ? lines : [...lines, `${last}\n\\ No newline at end of file`];
};

function compare(a: readonly string[], b: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (line: string): Edit => ({ kind: "same", line });
  return [
    ...a.slice(0, head).map(same),
    ...compareMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

/** By the longest common subsequence. */
function compareMiddle(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const removed = (line: string): Edit => ({ kind: "removed", line });
  const added = (line: string): Edit => ({ kind: "added", line });
  const width = b.length + 1;
  if ((a.length + 1) * width > LARGEST_TABLE) return [...a.map(removed), ...b.map(added)];
  // longest[i * width + j]: the common lines of a from i and b from j.
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (x !== undefined && x === y) {
      edits.push({ kind: "same", line: x });
      i++;
      j++;
    } else if (x !== undefined && (y === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push(removed(x));
      i++;
    } else if (y !== undefined) {
      edits.push(added(y));
      j++;
    }
  }
  return edits;
}

const marks = { same: " ", removed: "-", added: "+" } as const satisfies Record<Edit["kind"], string>;

function hunks(edits: readonly Edit[]): readonly string[] {
  const changed = edits.flatMap((edit, at) => (edit.kind === "same" ? [] : [at]));
  const ranges: { start: number; end: number }[] = [];
  for (const at of changed) {
    const last = ranges.at(-1);
    if (last !== undefined && at - CONTEXT <= last.end + CONTEXT) last.end = at + 1;
    else ranges.push({ start: at, end: at + 1 });
  }
  return ranges.map(({ start, end }) => {
    const from = Math.max(0, start - CONTEXT);
    const lines = edits.slice(from, end + CONTEXT);
    const count = (side: "removed" | "added", part: readonly Edit[]): number => part.filter(({ kind }) => kind !== side).length;
    const before = edits.slice(0, from);
    const range = (side: "removed" | "added"): string => {
      const length = count(side, lines);
      return `${count(side, before) + (length === 0 ? 0 : 1)},${length}`;
    };
    return `@@ -${range("added")} +${range("removed")} @@\n${lines.map(({ kind, line }) => `${marks[kind]}${line}\n`).join("")}`;
  });
}
