/** docs/language.md: its examples parse, and its grammar is the one above the rules of the parser. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { format } from "../../grammar/format.js";
import { SourceFile } from "../../grammar/source-file.js";
import { parseText } from "./show-ast.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/language.md");
const fences = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");

test.each(fences("sig").map((text) => [text.split("\n")[0] ?? "", text]))("%s parses", (_, text) => {
  expect(parseText(text).diagnostics.map((d) => d.message)).toEqual([]);
  expect("text" in format(new SourceFile("example.sig", text))).toBe(true);
});

test("the productions are those of parser.ts, in its order", () => {
  const squeezed = (lines: string[]) => lines.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "");
  const inParser = [...read("grammar/parser.ts").matchAll(/^ {2}\/\/ ([A-Z]\w+ = .*)$/gm)].map((match) => match[1] ?? "");
  expect(fences("sig").length).toBeGreaterThan(4);
  expect(squeezed(fences("ebnf").join("").split("\n"))).toEqual(squeezed(inParser));
});
