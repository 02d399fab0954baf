/** What is said about a mistake, and where: ⟦ ⟧ stand around the places, in order, and are no part of the program. */
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { MAX_FILE_LENGTH } from "../../grammar/limits.js";
import { syntaxMessages } from "../../grammar/messages.js";
import { parseText } from "./show-ast.js";

type Case = readonly [what: string, marked: string, ...codes: string[]];

const member = (cases: readonly Case[]): Case[] =>
  cases.map(([what, marked, ...codes]) => [what, `pipeline p {\n  first = 1\n  ${marked}\n  last = 2\n}\n`, ...codes]);
const inModule = (cases: readonly Case[]): Case[] =>
  cases.map(([what, marked, ...codes]) => [what, `module m(w: int)(x: f32[n]) -> f32[n] {\n  ${marked}\n  return x\n}\n`, ...codes]);

const characters: readonly Case[] = member([
  ["a stray character", "x = ⟦$$⟧ 3", "SIG1001"],
  ["a choice as in C", "x = a ⟦?⟧ b : c", "SIG1001"],
  ["a prime", "x = t⟦'⟧", "SIG1001"],
  ["a sum sign", "x = ⟦∑⟧(y)", "SIG1001"],
  ["a zero-width space", "x = a⟦\u200b⟧b", "SIG1001"],
  ["a string with no end", 'x = f(⟦"abc)⟧', "SIG1002"],
  ["a string with no end that swallows a brace", 'x = ⟦"abc } {⟧', "SIG1002"],
  ["signs of other languages", "x = a ⟦&&⟧ ⟦!⟧b ⟦||⟧ c ⟦^⟧ 2 ⟦===⟧ d", "SIG1004", "SIG1004", "SIG1004", "SIG1004", "SIG1004"],
  ["signs of mathematics", "x = a ⟦×⟧ b ⟦−⟧ c ⟦÷⟧ d ⟦≤⟧ ⟦∞⟧", "SIG1004", "SIG1004", "SIG1004", "SIG1004", "SIG1004"],
  ["words of Python", "x = where(⟦True⟧, ⟦False⟧, 1)", "SIG1004", "SIG1004"],
  ["`:=`", "x ⟦:=⟧ 3", "SIG1004"],
  ["single and typographic quotes", "x = f(⟦'map'⟧, ⟦“map”⟧)", "SIG1005", "SIG1005"],
  ["an unknown escape", 'x = "a⟦\\q⟧b"', "SIG1006"],
  ["an escape beyond Unicode", 'x = "⟦\\u{110000}⟧"', "SIG1006"],
  ["Greek letters", "⟦τ⟧ = 3 * ⟦λ_max⟧", "SIG1007", "SIG1007"],
  ["a comment as in Python", "x = 3 ⟦#⟧ three )", "SIG1008"],
  ["a name that begins with a digit", "x = ⟦2xyz⟧", "SIG1009"],
  ["a loose underscore", "x = ⟦1_⟧", "SIG1009"],
  ["two points", "x = ⟦1.2.3⟧", "SIG1009"],
  ["a number beyond float64", "x = ⟦1e999⟧", "SIG1010"],
  ["an integer that is not exact", "x = ⟦9007199254740993⟧", "SIG1011"],
]);

const expressions: readonly Case[] = member([
  ["no value", "x =⟦⟧", "SIG2001"],
  ["an operator with nothing behind it", "x = a +⟦⟧", "SIG2001"],
  ["two values", "x = a ⟦b⟧ c d", "SIG2001"],
  ["a choice as in Python", "x = a ⟦if⟧ b else c", "SIG2001"],
  ["an `if` with a colon", "x = if a⟦:⟧ b else: c", "SIG2001"],
  ["a number without its zero", "x = ⟦.⟧5", "SIG2001"],
  ["a number without its fraction", "x = 1.⟦⟧", "SIG2001"],
  ["a remainder that looks like a percentage", "x = 5% ⟦3⟧", "SIG2001"],
  ["a dictionary", "x = ⟦{⟧a: 1}", "SIG2001"],
  ["a lone comma in a call", "x = f(⟦,⟧)", "SIG2001"],
  ["two statements on a line", "x = 3 ⟦output⟧ y", "SIG2001"],
  ["`=` in a condition", "x = if a ⟦=⟧ b then 1 else 2", "SIG2050"],
  ["`==` in a definition", "x ⟦==⟧ 3", "SIG2051"],
  ["an argument as in Python", "x = vit(width, depth⟦=⟧6)", "SIG2052"],
  ["a chain of comparisons", "x = a < b ⟦<⟧ c", "SIG2053"],
  ["a longer chain, once", "x = a < b ⟦<⟧ c < d", "SIG2053"],
  ["no comma in a call", "x = f(a ⟦b⟧ c)", "SIG2054"],
  ["no comma in a list", "x = [1 ⟦2⟧]", "SIG2054"],
  ["no comma in an index", "x = a[i ⟦j⟧]", "SIG2054"],
  ["no comma in a type", "param q: f32[n ⟦3⟧] = 0", "SIG2054"],
  ["no comma between names", "batch n ⟦m⟧", "SIG2054"],
  ["no comma in a tuple of indices", "w[i ⟦j⟧] = 3", "SIG2054"],
  ["a comprehension", "x = [a ⟦for⟧ a in b]", "SIG2020"],
  ["an `if` with no `else`", "x = ⟦if⟧ a then b", "SIG2055"],
  ["`elif`", "x = if a then b ⟦elif⟧ c then d else e", "SIG2056"],
  ["`None` as a value", "x = f(⟦None⟧)", "SIG2057"],
  ["`not` behind an operator", "x = a + ⟦not⟧ b", "SIG2058"],
  ["`if` behind an operator", "x = 1 + ⟦if⟧ a then b else c", "SIG2059"],
  ["a slice with a step", "x = a[1:3⟦:⟧2]", "SIG2060"],
]);

const brackets: readonly Case[] = [
  ...member([
    ["a call that is not closed", "x = f(g(a)⟦⟧\n  y = 3", "SIG2002"],
    ["the last call before a brace", "x = f(a⟦⟧", "SIG2002"],
    ["an index that is not closed", "x = a[i + 3⟦⟧\n  output x", "SIG2002"],
    ["two brackets at once", "x = f(a[i⟦⟧", "SIG2002"],
    ["a bracket too many", "x = f(a)⟦)⟧", "SIG2003"],
    ["the wrong bracket", "x = a[i⟦)⟧", "SIG2004"],
    ["a bracket missing in the middle", "x = f(a[i⟦⟧) + b", "SIG2002"],
    ["a name glued to its argument", "x = f(ai⟦]⟧) + b", "SIG2004"],
    ["a `}` too many", "data { a = 1 }\n ⟦}⟧", "SIG2003"],
    ["a block with no `{`", "train⟦⟧\n    steps 3\n  }", "SIG2002"],
    ["a block with no `{` on one line", "data⟦⟧ a = 1\n  }", "SIG2002"],
  ]),
  ["no `}` at the end of the file", "pipeline p {\n  x = 1\n  train {\n    steps 3⟦⟧\n", "SIG2002"],
  ["no `}` before the next module", "pipeline p {\n  x = 1⟦⟧\n\nmodule f(x: f32) {\n  return x\n}\n", "SIG2002"],
  ["no `}` before the next block", "pipeline p {\n  data {\n    a = 1⟦⟧\n  train {\n    steps 3\n  }\n}\n", "SIG2002"],
  ["no `{`", "pipeline p⟦⟧\n  x = 1\n}\n", "SIG2002"],
  ["a module's head that is not closed", "module f(x: f32[n, d] -> f32[n]⟦⟧ {\n  return x\n}\n", "SIG2002"],
  ["a `}` too many at the end", "pipeline p {\n  x = 1\n}\n⟦}⟧\n", "SIG2003"],
  ["a comment that never ends", "pipeline p {\n  x = f(1) ⟦/*⟧ two\n}\n", "SIG1003"],
];

const heads: readonly Case[] = [
  ...member([
    ["misspelt keywords", "⟦encodr⟧ img = f()\n  ⟦confg⟧ k: int = 3\n  ⟦trian⟧ { steps 3 }", "SIG2010", "SIG2010", "SIG2010"],
    ["an unknown keyword", "⟦foo⟧ bar = 3\n  y = bar", "SIG2011"],
    ["an unknown block", "⟦foo⟧ { a = 3\n b = 4 }", "SIG2011"],
    ["a module in a pipeline", "⟦module⟧ g(x: f32) { return x }", "SIG2013"],
    ["a layer in a pipeline", "⟦layer⟧ l = f()", "SIG2014"],
    ["a return in a pipeline", "⟦return⟧ x", "SIG2014"],
    ["a function", "⟦def⟧ f(x):", "SIG2016"],
    ["`let`", "⟦let⟧ y = 3", "SIG2016"],
    ["a typed definition", "x⟦:⟧ f32 = 3\n  y = x", "SIG2017"],
    ["a value with no name", "⟦print⟧(x)\n  ⟦3⟧ + 4", "SIG2018", "SIG2018"],
    ["an update", "x ⟦+⟧= 1", "SIG2019"],
    ["a loop", "⟦for⟧ i in range(3) { x = 3 }", "SIG2020"],
    ["an `if` statement", "⟦if⟧ a { x = 3 }", "SIG2020"],
    ["a line that begins with a minus", "x = a\n    ⟦-⟧ b", "SIG2021"],
    ["a line that begins with a sign", "⟦]⟧ x = a\n  ⟦=⟧ b", "SIG2003", "SIG2001"],
    ["a parameter with no type", "param ⟦b⟧ = 0", "SIG2030"],
    ["an input with no type", "input ⟦x⟧", "SIG2030"],
    ["a config with no type", "config ⟦k⟧ = 3", "SIG2030"],
    ["a config with no value", "config ⟦m⟧: int", "SIG2031"],
    ["a setting with no value", "train { ⟦clip⟧ }", "SIG2031"],
    ["an array type for a config", "config z: ⟦f32[n]⟧ = 3", "SIG2032"],
    ["a number on the left", "q[⟦0⟧, j] = 3", "SIG2035"],
    ["an output with indices", "output s⟦[i, j]⟧ = 3", "SIG2036"],
    ["a metric with indices", "metric s⟦[i]⟧ = 3", "SIG2036"],
    ["two outputs with a value", "⟦output a, b⟧ = 3", "SIG2037"],
    ["a setting with `=`", "train { optimizer ⟦=⟧ sgd() }", "SIG2061"],
    ["a field with `=`", "train { for a { lr ⟦=⟧ 3 } }", "SIG2062"],
    ["no colon before a type", "param y ⟦f32⟧ = 0", "SIG2063"],
    ["a group with no pattern", "train { for ⟦{⟧ lr: 3 }\n steps 3 }", "SIG2001"],
    ["a setting that is none", "train {\n ⟦64⟧\n steps 3 }", "SIG2001"],
  ]),
  ...inModule([
    ["what belongs to a pipeline", "⟦batch⟧ n\n⟦encoder⟧ e = f()\n⟦train⟧ { steps 3 }", "SIG2014", "SIG2014", "SIG2014"],
    ["a statement behind the return", "return x\n  ⟦y = 3⟧", "SIG2038"],
  ]),
  ["a misspelt pipeline", "⟦pipelin⟧ p {\n  x = 1\n}\n", "SIG2010"],
  ["an unknown declaration", "⟦{⟧ a }\n", "SIG2011"],
  ["a file with no pipeline, once", "⟦batch⟧ n\nx = 3\nloss = x\n", "SIG2012"],
  ["an import as in Python", "⟦import⟧ x\n⟦from⟧ a import b\n", "SIG2015", "SIG2015"],
  ["a function as in Python", "⟦def⟧ f(x):\n  return x\n", "SIG2016"],
  ["a choice as an input", 'module f(x: ⟦"a" | "b"⟧) { return x }\n', "SIG2033"],
  ["an input with a default", "module f(x: f32 = ⟦3⟧) { return x }\n", "SIG2034"],
  ["a module that returns nothing", "module ⟦f⟧(x: f32) {\n  y = x\n}\n", "SIG2039"],
  ["two declarations on a line", "pipeline a { x = 1 } ⟦pipeline⟧ b { x = 1 }\n", "SIG2001"],
];

const tables: Readonly<Record<string, readonly Case[]>> = { characters, expressions, brackets, heads };

/** Some of the texts are large and asked for twice. */
const answers = new Map<string, readonly Diagnostic[]>();
function diagnosticsOf(text: string): readonly Diagnostic[] {
  const known = answers.get(text) ?? parseText(text).diagnostics;
  answers.set(text, known);
  return known;
}

function unmarked(marked: string): { text: string; places: string[] } {
  const places: string[] = [];
  let text = "";
  for (const [i, part] of marked.split(/[⟦⟧]/).entries()) {
    if (i % 2 === 1) places.push(`${text.length}-${text.length + part.length}`);
    text += part;
  }
  return { text, places };
}

describe.each(Object.entries(tables))("%s", (_, cases) => {
  test.each(cases.map((c) => [c[0], c[1], c.slice(2)] as const))("%s", (_what, marked, codes) => {
    const { text, places } = unmarked(marked);
    const found = diagnosticsOf(text).map((d) => `${d.code} ${d.span.start}-${d.span.end}`);
    expect(found).toEqual(codes.map((code, i) => `${code} ${places[i]}`));
  });
});

const beyondLimits: readonly (readonly [what: string, code: string, text: string])[] = [
  ["a file of eleven megabytes", "SIG1012", `${"x".repeat(20)} = 1\n`.repeat(500_000)],
  ["ten thousand parentheses", "SIG2005", `pipeline p {\n  x = ${"(".repeat(10_000)}a${")".repeat(10_000)}\n}\n`],
  ["ten thousand parentheses that are not closed", "SIG2005", `pipeline p {\n  x = ${"(".repeat(10_000)}a\n}\n`],
  ["ten thousand `if`s", "SIG2005", `pipeline p {\n  x = ${"if a then b else ".repeat(10_000)}c\n}\n`],
  ["fifty thousand terms", "SIG2006", `pipeline p {\n  x = a${" + a".repeat(50_000)}\n}\n`],
  ["a hundred thousand minuses", "SIG2006", `pipeline p {\n  x = ${"-".repeat(100_000)}a\n}\n`],
  ["a hundred thousand stray characters", "SIG1001", "$ ".repeat(100_000)],
  ["a hundred thousand blank lines and a bracket", "SIG2002", `pipeline p {${"\n".repeat(100_000)}  x = (\n}\n`],
  ["heads that would each be searched to the end for a brace", "SIG2002", `pipeline p {\n train {\n${"for [(]\n".repeat(10_000)}}}}`],
];

test.each(beyondLimits)("%s: answered before quadratic work would run into the time limit (%s)", (_, code, text) => {
  const diagnostics = diagnosticsOf(text);
  expect(diagnostics[0]?.code).toBe(code);
  expect(diagnostics.length).toBeLessThanOrEqual(101);
});

test("the deepest program that is allowed parses, with a stack to spare", () => {
  const deep = (levels: number, open: string, close: string) => `pipeline p {\n  x = ${open.repeat(levels)}a${close.repeat(levels)}\n}\n`;
  const onADeepStack = (frames: number, text: string): number =>
    frames === 0 ? parseText(text).diagnostics.length : onADeepStack(frames - 1, text);
  for (const [open, close] of [
    ["(", ")"],
    ["f(a, ", ")"],
    ["[", "]"],
    ["a[", "]"],
    ["if a then b else ", ""],
  ] as const)
    expect(onADeepStack(1000, deep(99, open, close))).toBe(0);
});

test("a hundred mistakes are shown, and how many there are beyond", () => {
  const { diagnostics } = parseText("$ ".repeat(150));
  expect(diagnostics).toHaveLength(101);
  expect(diagnostics.at(-1)?.message).toBe("50 more mistakes are not shown");
});

test("the file is too long by its own count", () => {
  expect(parseText(" ".repeat(MAX_FILE_LENGTH)).diagnostics).toEqual([]);
  expect(parseText(" ".repeat(MAX_FILE_LENGTH + 1)).diagnostics).toHaveLength(1);
});

test("every message of the table is reached by a case above", () => {
  const all = [
    ...Object.values(tables)
      .flat()
      .map(([, marked]) => unmarked(marked).text),
    ...beyondLimits.map(([, , text]) => text),
  ];
  const seen = all.flatMap(diagnosticsOf).map((d) => d.message);
  const unreached = Object.entries(syntaxMessages).filter(([, row]) => {
    const pattern = new RegExp(`^${row.template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "[^]*")}$`);
    return !seen.some((message) => pattern.test(message));
  });
  expect(unreached.map(([name]) => name)).toEqual([]);
});

test("no text is left with a hole in it", () => {
  for (const text of Object.values(tables)
    .flat()
    .map(([, marked]) => unmarked(marked).text))
    for (const d of diagnosticsOf(text)) expect([d.message, ...d.help].join("\n")).not.toMatch(/undefined|\{[a-z]\w*\}/i);
});
