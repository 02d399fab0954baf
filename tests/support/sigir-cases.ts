/**
 * Golden tests of a pass, text to text. A `.sigir` file holds cases:
 *
 *   // CASE a sign leaves a product
 *   %x = input "x" : f32[n]
 *   %y = mul (…)
 *   output "r" = %y
 *   // CHECK: neg %1            on a line of the result below the line that the CHECK before it matched
 *   // CHECK-NOT: mul           on no line of the result
 *   // UNCHANGED                the pass leaves the graph as it is
 *   // REFUSES: not linear      the pass says so in a note of kind "refused"
 *
 * The result is printed without spans and numbered densely from %0. Every case also asserts that a second run
 * changes nothing and that the result's text reads back.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseGraph } from "../../compiler/graph/parse.js";
import { printGraph } from "../../compiler/graph/print.js";
import type { Pass } from "../../compiler/passes/pass.js";

type Directive = { readonly kind: "CHECK" | "CHECK-NOT" | "UNCHANGED" | "REFUSES"; readonly text: string };
type Case = { readonly name: string; readonly line: number; readonly text: string; readonly directives: readonly Directive[] };

function readCases(file: URL): readonly Case[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const starts = lines.flatMap((line, i) => (line.startsWith("// CASE ") ? [i] : []));
  return starts.map((start, k) => {
    const body = lines.slice(start + 1, starts[k + 1]);
    const directives = body.flatMap((line): Directive[] => {
      const [, kind, text] = /^\/\/ (CHECK|CHECK-NOT|UNCHANGED|REFUSES)(?::\s*(.*\S))?\s*$/.exec(line) ?? [];
      if (/^\/\/ ?[A-Z-]{4,}/.test(line) && kind === undefined) throw new Error(`${file.pathname}: not a directive: ${line}`);
      return kind === undefined ? [] : [{ kind: kind as Directive["kind"], text: text ?? "" }];
    });
    if (directives.length === 0) throw new Error(`${file.pathname}:${start + 1}: the case checks nothing`);
    return { name: (lines[start] ?? "").slice("// CASE ".length), line: start + 1, text: body.join("\n"), directives };
  });
}

const plain = (graph: Parameters<typeof printGraph>[0]): string => printGraph(graph, { spans: false });

function checkCase({ text, directives }: Case, pass: Pass): void {
  const before = parseGraph(text);
  const { graph, notes } = pass.run(before);
  const printed = plain(graph);
  const lines = printed.split("\n");
  let from = 0;
  for (const { kind, text: wanted } of directives) {
    if (kind === "CHECK") {
      const at = lines.findIndex((line, i) => i >= from && line.includes(wanted));
      expect(at, `CHECK: ${wanted}\nis on no line from line ${from + 1} of\n${printed}`).toBeGreaterThanOrEqual(0);
      from = at + 1;
    } else if (kind === "CHECK-NOT") expect(printed).not.toContain(wanted);
    else if (kind === "UNCHANGED") expect(printed).toBe(plain(before));
    else {
      const refusals = notes.filter((note) => note.kind === "refused").map((note) => note.reason);
      expect(
        refusals.some((reason) => reason.includes(wanted)),
        `REFUSES: ${wanted}\namong\n${refusals.join("\n")}`,
      ).toBe(true);
    }
  }
  expect(plain(pass.run(graph).graph), "a second run changes nothing").toBe(printed);
  expect(plain(parseGraph(printed)), "the result reads back").toBe(printed);
}

/** Registers one test per case of the file. */
export function sigirCases(file: URL, pass: Pass): void {
  describe(`cases of ${pass.name}`, () => {
    for (const one of readCases(file)) test(`${one.name} (line ${one.line})`, () => checkCase(one, pass));
  });
}
