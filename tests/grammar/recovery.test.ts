/** What survives a mistake: the statements around it, and silence about its consequences. */
import { describe, expect, it, test } from "vitest";
import { kitchenSink, pieces } from "./kitchen-sink.js";
import { randomFrom } from "./random.js";
import { membersOf, parseText, show } from "./show-ast.js";

const codes = (text: string) => parseText(text).diagnostics.map((d) => d.code);

describe("three independent mistakes give exactly three diagnostics", () => {
  test.each([
    ["keyword, bracket, two values", "pipelin p {\n  x = f(a\n  y = a b\n  z = 3\n}\n", ["SIG2010", "SIG2002", "SIG2001"]],
    ["lexical, in one expression", 'pipeline p {\n  x = a && b ^ 2 + "c\n}\n', ["SIG1004", "SIG1004", "SIG1002"]],
    [
      "one in each part of a file",
      "import x\nmodule f(x: f32) {\n  y = 3\n}\npipeline p {\n  train { clip }\n}\n",
      ["SIG2015", "SIG2039", "SIG2031"],
    ],
    ["blocks", "pipeline p {\n  data { image: 3 }\n  train { lr = 3\n    for { a: 1 }\n  }\n}\n", ["SIG2001", "SIG2061", "SIG2001"]],
    ["missing operands", "pipeline p {\n  a =\n  b = c +\n  d[i] = if e then f else\n}\n", ["SIG2001", "SIG2001", "SIG2001"]],
  ])("%s", (_, text, expected) => expect(codes(text)).toEqual(expected));
});

it("keeps a name defined whose value is wrong, so that its uses are no mistakes", () => {
  const { program } = parseText("pipeline p {\n  a = b c\n  d: f32 = 3\n  encodr e = f()\n  let g = 3\n  h[i] = (\n  k = a\n}\n");
  const shown = membersOf(program).map((m) =>
    "value" in m && m.value !== null && "name" in m ? `${m.kind} ${m.name.name} = ${show(m.value)}` : m.kind,
  );
  expect(shown).toEqual([
    "definition a = <error>",
    "definition d = <error>",
    "encoder e = f()",
    "definition g = <error>",
    "definition h = <error>",
    "definition k = a",
  ]);
});

it("leaves no error in a tree without a diagnostic, and reads a good half beside a bad one", () => {
  const { program, diagnostics } = parseText("module f(x: f32[n] {\n  return x\n}\npipeline p {\n  loss = 1\n}\n");
  expect(diagnostics).toHaveLength(1);
  expect(program.items.map((item) => item.name.name)).toEqual(["f", "p"]);
});

/** Every third of the words and signs: all of them take seconds. */
const words = pieces.flatMap((piece, i) => (/^(\s|\/\/|\/\*)/.test(piece) ? [] : [i])).filter((_, i) => i % 3 === 0);

test("leaving out one word or sign hardly ever costs more than one diagnostic", () => {
  const counts = words.map((at) => {
    const { program, diagnostics } = parseText(pieces.filter((_, i) => i !== at).join(""));
    expect(program.items.length).toBeGreaterThan(0);
    return diagnostics.length;
  });
  const more = counts.filter((count) => count > 1).length;
  expect(more / counts.length).toBeLessThan(0.01);
  expect(Math.max(...counts)).toBeLessThanOrEqual(3);
});

const intruders = [
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "=",
  "==",
  ":",
  ",",
  ";",
  ".",
  "...",
  "|",
  "%",
  "**",
  "-",
  "5%",
  "if",
  "then",
  "else",
  "elif",
  "for",
  "import",
  "return",
  "when",
  "not",
  "None",
  "\n",
  '"',
  "'",
  "/*",
  "*/",
  "//",
  "#",
  "×",
  "\u0000",
  "\ud800",
  "pipeline x {",
  "train {",
];

/** A program with one to five accidents of typing. */
function mangled(random: (below: number) => number): string {
  const text = [...pieces];
  for (let accidents = 1 + random(5); accidents > 0; accidents--) {
    const at = random(text.length);
    const intruder = intruders[random(intruders.length)] ?? "";
    const other = random(text.length);
    if (accidents % 2 === 0) text.splice(at, random(3), intruder);
    else [text[at], text[other]] = [text[other] ?? "", text[at] ?? ""];
  }
  return text.join("");
}

const SEED = 20261124;

test(`whatever is typed, the parser answers: it never throws and never hides an error (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  for (let run = 0; run < 150; run++) {
    const text = mangled(random);
    const parsed = (() => {
      try {
        return parseText(text);
      } catch (thrown) {
        throw new Error(`run ${run} of seed ${SEED} threw on:\n${text}`, { cause: thrown });
      }
    })();
    if (parsed.diagnostics.length === 0) expect(JSON.stringify(parsed.program)).not.toContain('"kind":"error"');
    for (const { span } of parsed.diagnostics) {
      expect(span.start).toBeGreaterThanOrEqual(0);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.end).toBeLessThanOrEqual(text.length);
    }
  }
});

test(`a file cut off anywhere is answered (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  for (let run = 0; run < 60; run++)
    expect(parseText(kitchenSink.slice(0, random(kitchenSink.length))).diagnostics.length).toBeLessThanOrEqual(3);
});

test(`noise is answered (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const alphabet = [...intruders, "x", "i", " ", "\n", "pipeline", "p", "1", "+", "f32"];
  for (let run = 0; run < 300; run++) parseText(Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join(""));
});
