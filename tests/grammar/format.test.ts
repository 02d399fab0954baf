import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { format } from "../../grammar/format.js";
import { SourceFile } from "../../grammar/source-file.js";
import { kitchenSink, pieces } from "./kitchen-sink.js";
import { randomFrom } from "./random.js";
import { parseText, withoutSpans } from "./show-ast.js";

function formatted(text: string): string {
  const result = format(new SourceFile("test.sig", text));
  if (!("text" in result)) throw new Error(`not formatted: ${result.diagnostics.map((d) => d.message).join("; ")}\n${text}`);
  return result.text;
}

const body = (text: string) => `pipeline p {\n${text}}\n`;

/** Same meaning, same comments in the same order, and a second pass changes nothing. */
function expectFaithful(text: string): void {
  const out = formatted(text);
  const [before, after] = [parseText(text), parseText(out)];
  const said = ({ comments }: typeof before) => comments.map((c) => c.text.replaceAll("\r\n", "\n").trimEnd());
  expect(after.diagnostics, out).toEqual([]);
  expect(withoutSpans(after.program), out).toEqual(withoutSpans(before.program));
  expect(said(after), out).toEqual(said(before));
  expect(formatted(out)).toBe(out);
}

describe("layout", () => {
  test.each([
    ["spaces", "x=a+b*-c**2\ny  =  f( a,b : c )[ 1 : 2 , None ]\n", "  x = a + b * -c ** 2\n  y = f(a, b: c)[1:2, None]\n"],
    ["whole axes", "x=y[:,:,None]\n", "  x = y[:, :, None]\n"],
    ["declarations", "config k:int=3;param w:f32[n,3]~normal(1)\n", "  config k: int = 3\n  param w: f32[n, 3] ~ normal(1)\n"],
    ["a remainder, a percentage and a call of one", "x=5%3+n%m+5%\ny=5% (x)\n", "  x = 5 % 3 + n % m + 5%\n  y = 5% (x)\n"],
    [
      "settings that begin like calls",
      "train{clip (1)\nbetas [1]\nlr -1\nsteps 3}\n",
      "  train {\n    clip (1)\n    betas [1]\n    lr -1\n    steps 3\n  }\n",
    ],
    ["groups on one line", "train{for img . **,b{lr:0.1x\ndecay:0,}\n}\n", "  train {\n    for img.**, b { lr: 0.1x, decay: 0 }\n  }\n"],
    ["trailing commas go, but that of a tuple of one", "x = f(a,)\ny = (a,)\nz = (a, b,)\n", "  x = f(a)\n  y = (a,)\n  z = (a, b)\n"],
    ["one blank line at most, none at an edge", "\n\nx = 1\n\n\n\ny = 2\n\n", "  x = 1\n\n  y = 2\n"],
    ["the writer's breaks outside brackets", "x = a\n + b\n", "  x = a\n    + b\n"],
    [
      "comments behind neighbouring lines in one column",
      "x = 1 // one\nyy = 2 // two\nz = 3\nw = 4 // four\n",
      "  x = 1   // one\n  yy = 2  // two\n  z = 3\n  w = 4  // four\n",
    ],
    ["an empty block", "data {\n}\n", "  data {}\n"],
    ["a brace on a line of its own", "train // why\n{ steps 3 }\n", "  train {  // why\n    steps 3\n  }\n"],
    [
      "comments inside brackets",
      "x = f( // open\n  // above\n  a // a\n  , /* b */ b, c // c\n  // end\n)\n",
      "  x = f(  // open\n    // above\n    a,  // a\n    /* b */ b,\n    c  // c\n    // end\n  )\n",
    ],
  ])("%s", (_, text, laidOut) => expect(formatted(body(text))).toBe(body(laidOut)));

  it("breaks a line of more than 100 columns inside its brackets, outermost first", () => {
    const [a, b] = ["a".repeat(40), "b".repeat(40)];
    expect(formatted(body(`x = f(${a}, ${b})\n`))).toBe(body(`  x = f(${a}, ${b})\n`));
    expect(formatted(body(`x = f(${a}, g(${b}), cccc)\n`))).toBe(body(`  x = f(${a}, g(${b}), cccc)\n`));
    expect(formatted(body(`x = f(${a}, g(${b}), ccccc)\n`))).toBe(body(`  x = f(\n    ${a},\n    g(${b}),\n    ccccc\n  )\n`));
  });

  it("leaves a file with errors alone and says what they are", () => {
    const result = format(new SourceFile("test.sig", "pipeline p {\n  x = (\n}\n"));
    expect("diagnostics" in result && result.diagnostics.map((d) => d.code)).toEqual(["SIG2002"]);
  });

  it("gives an empty file for an empty file and keeps one of comments", () => {
    expect(formatted("")).toBe("");
    expect(formatted("\n\n")).toBe("");
    expect(formatted("// a\n\n\n/* b */")).toBe("// a\n\n/* b */\n");
  });
});

test("the program with everything keeps its meaning and its comments, with CRLF too", () => {
  expectFaithful(kitchenSink);
  expect(formatted(kitchenSink.replaceAll("\n", "\r\n"))).toBe(formatted(kitchenSink));
});

const SEED = 20261124;

test(`comments and line breaks anywhere: same meaning, every comment in its place, idempotent (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const intruders = [" // c\n", " /* b */ ", "\n /* b */\n", " /* b\n  b */", "\n", "\n\n\n", "\t", "\n// own\n", ";"];
  let valid = 0;
  for (let run = 0; run < 150; run++) {
    const text = [...pieces];
    for (let more = random(6); more >= 0; more--)
      text.splice(random(text.length), 0, (intruders[random(intruders.length)] ?? "").replace(/[cb]|own/g, `$&${more}`));
    if (parseText(text.join("")).diagnostics.length > 0) continue;
    valid++;
    expectFaithful(text.join(""));
  }
  // Of breaks at random places about half fall where a statement may go on.
  expect(valid).toBeGreaterThan(40);
});

/** Expressions of every form, with the spaces of someone in a hurry. */
const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
  atom: fc.constantFrom("a", "b_2", "1", "0.5", "5%", "0.1x", "inf", "true", '"s // t"', "logits", "x".repeat(30)),
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("atom"),
    fc
      .tuple(tie("expression"), fc.constantFrom("+", " - ", "*", "/", " % ", "**", "@", " and ", " or "), tie("expression"))
      .map(([l, op, r]) => `(${l}${op}${r})`),
    tie("expression").map((e) => `-${e}`),
    tie("expression").map((e) => `(not ${e})`),
    fc.array(tie("expression"), { maxLength: 4 }).map((all) => `f( ${all.join(" ,\n")})`),
    fc.array(tie("expression"), { minLength: 1, maxLength: 3 }).map((all) => `sum[i,j](${all.join(",")}, k:3)`),
    fc.array(tie("expression"), { maxLength: 3 }).map((all) => `[${all.join(",")}]`),
    fc.tuple(tie("expression"), tie("expression")).map(([l, r]) => `x[${l}:${r}, None,...]`),
    fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([c, l, r]) => `(if ${c} then ${l} else ${r})`),
    fc.tuple(tie("expression"), fc.constantFrom("// c", "/* c */", "/* c\nc */")).map(([e, comment]) => `g(${e} ${comment}\n)`),
  ),
}));

test(`expressions of every form (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.array(expression, { minLength: 1, maxLength: 3 }), (all) =>
      expectFaithful(body(all.map((e, i) => `x${i} = ${e} // ${i}\n`).join(""))),
    ),
    { seed: SEED, numRuns: 60 },
  );
});
