import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineDiff } from "../../../runtime/cli/line-diff.js";

describe("line diff", () => {
  test("equal texts have an empty diff", () => expect(lineDiff("a\nb\n", "a\nb\n", "x", "y")).toBe(""));

  test("one changed line is shown with three lines around it", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    expect(lineDiff(before, before.replace("5", "five"), "x", "y")).toBe(
      "--- x\n+++ y\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
    );
  });

  test("distant changes make two hunks, near ones make one", () => {
    const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`);
    const change = (...at: number[]): string => lines.map((line, i) => (at.includes(i) ? `${line}!` : line)).join("\n");
    expect(lineDiff(lines.join("\n"), change(3, 30), "x", "y").match(/^@@/gm)).toHaveLength(2);
    expect(lineDiff(lines.join("\n"), change(10, 14), "x", "y").match(/^@@/gm)).toHaveLength(1);
  });

  test("whoever follows the hunks line by line turns the first text into the second (seed 11)", () => {
    const line = fc.constantFrom("a", "b", "c", "", "d e", "-", "+x");
    const text = fc.tuple(fc.array(line, { maxLength: 24 }), fc.constantFrom("", "\n")).map(([lines, end]) => lines.join("\n") + end);
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(apply(before, lineDiff(before, after, "x", "y"))).toBe(after);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

/** The least patch(1): every kept and removed line must be found where the hunk says. */
function apply(text: string, diff: string): string {
  if (diff === "") return text;
  const rest = text.split("\n");
  if (rest.at(-1) === "") rest.pop();
  else rest.push(`${rest.pop()}\0`);
  const done: string[] = [];
  let taken = 0;
  for (const hunk of diff.split(/^@@ /m).slice(1)) {
    const [, from, length] = /^-(\d+),(\d+)/.exec(hunk) ?? [];
    const start = Number(from) - (Number(length) === 0 ? 0 : 1);
    while (taken < start) done.push(rest[taken++] ?? "missing");
    const body = hunk.slice(hunk.indexOf("\n") + 1).replaceAll("\n\\ No newline at end of file", "\0");
    for (const line of body.split("\n").slice(0, -1)) {
      if (line[0] !== "+") expect(rest[taken++]).toBe(line.slice(1));
      if (line[0] !== "-") done.push(line.slice(1));
    }
  }
  while (taken < rest.length) done.push(rest[taken++] ?? "missing");
  return done.map((line) => (line.endsWith("\0") ? line.slice(0, -1) : `${line}\n`)).join("");
}
