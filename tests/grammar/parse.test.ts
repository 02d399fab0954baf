import { describe, expect, it, test } from "vitest";
import type { Member } from "../../grammar/ast.js";
import { kitchenSink, pieces } from "./kitchen-sink.js";
import { membersOf, parseText, readExpression, show } from "./show-ast.js";

const pipeline = (body: string) => `pipeline p {\n${body}\n}\n`;

function clean(text: string) {
  const { program, diagnostics } = parseText(text);
  expect(diagnostics.map((d) => `${d.span.start}: ${d.message}`)).toEqual([]);
  return program;
}

const readMember = (text: string): Member | undefined => membersOf(clean(pipeline(text)))[0];

test("everything the grammar can say parses without a complaint", () => {
  expect(pieces.join("")).toBe(kitchenSink);
  const program = clean(kitchenSink);
  expect(program.imports.map((i) => [i.from.value, i.names.map((n) => n.name)])).toEqual([
    ["std/vision.sig", ["vit"]],
    ["std/text.sig", ["text_transformer", "tokens"]],
  ]);
  expect(program.items.map((item) => `${item.kind} ${item.name.name} ${item.members.length}`)).toEqual([
    "pipeline siglip 37",
    "module linear 2",
    "module twice 0",
    "module vit 6",
  ]);
});

test("CRLF and a byte-order mark change nothing but places", () => {
  expect(clean(`\ufeff${kitchenSink.replaceAll("\n", "\r\n")}`).items).toHaveLength(4);
});

describe("precedence", () => {
  test.each([
    ["a + b * c - d", "((a + (b * c)) - d)"],
    ["a - b - c", "((a - b) - c)"],
    ["a @ b / c % d", "(((a @ b) / c) % d)"],
    ["-a ** b", "(- (a ** b))"],
    ["2 ** -1 ** 2", "(2 ** (- (1 ** 2)))"],
    ["a ** b ** c", "(a ** (b ** c))"],
    ["-a * b", "((- a) * b)"],
    ["a * -b + c", "((a * (- b)) + c)"],
    ["- - a", "(- (- a))"],
    ["not a == b", "(not (a == b))"],
    ["not a and not not b", "((not a) and (not (not b)))"],
    ["a or b and c or d", "((a or (b and c)) or d)"],
    ["a | f(1) | g", "((a | f(1)) | g)"],
    ["a == b or c | d", "(((a == b) or c) | d)"],
    ["a < b and b < c", "((a < b) and (b < c))"],
    ["(a < b) == c", "((a < b) == c)"],
    ["-f(x)[i].T", "(- f(x)[i].T)"],
    ["if a then b else if c then d else e + 1", "(if a then b else (if c then d else (e + 1)))"],
    ["1 + (if a then b else c)", "(1 + (if a then b else c))"],
  ])("%s", (text, shown) => expect(readExpression(text)).toBe(shown));
});

describe("primaries and suffixes", () => {
  test.each([
    ["1_000 + 1e-3 + 0.5 + 5% + 0.1x + inf", "(((((1000 + 0.001) + 0.5) + 0.05%) + 0.1x) + Infinity)"],
    ["0.1%", "0.001%"],
    ["n%3 + 5%3 + 5 % 3 + 5%", "((((n % 3) + (5 % 3)) + (5 % 3)) + 0.05%)"],
    ["1e-1%", "0.001%"],
    ['"a\\"b\\\\\\n\\t\\u{1f600}"', '"a\\"b\\\\\\n\\t😀"'],
    ["sum[i, j](x[i] * y[j], k: 3)", "sum<i, j>((x[i] * y[j]), k: 3)"],
    ["f[0](x)", "f[0](x)"],
    ["txt.blocks[i](x)", "txt.blocks[i](x)"],
    ["f[i + 1](x)", "f[(i + 1)](x)"],
    ["x[:, None, ..., 1:, :2, a:b, -1]", "x[:, None, ..., 1:, :2, a:b, (- 1)]"],
    ["table[src[i], dst[j]]", "table[src[i], dst[j]]"],
    ["(a)", "a"],
    ["(a,)", "tuple(a)"],
    ["(a, b)", "tuple(a, b)"],
    ["[a]", "list[a]"],
    ["[]", "list[]"],
    ["f(a, b: c,)", "f(a, b: c)"],
    ["f()()", "f()()"],
    ["a.b.c(d).e", "a.b.c(d).e"],
    ["true != false", "(true != false)"],
  ])("%s", (text, shown) => expect(readExpression(text)).toBe(shown));

  it("tells a whole number from one written as a float", () => {
    const wholes = ["3", "3_000", "3.0", "3e2", "3%", "3x"].map((text) => {
      const member = readMember(`x = ${text}`);
      return member?.kind === "definition" && member.value.kind === "number" && member.value.integer;
    });
    expect(wholes).toEqual([true, true, false, false, false, false]);
  });
});

describe("newlines", () => {
  test.each([
    ["before a binary operator", "x = a\n  + b\n\n  @ c\n  | d\n  and e", "((a + (b @ c)) | (d and e))"],
    ["after one", "x = a +\n\n  b", "(a + b)"],
    ["after `=`", "x =\n  a", "a"],
    ["inside brackets, whatever the line begins with", "x = f(a\n  - b\n  , c\n)", "f((a - b), c)"],
    ["before `then`, `else` and a member", "x = if a\n  then b\n  else c\n  .T", "(if a then b else c.T)"],
    ["across comments", "x = a // one\n  // two\n  + b /* three\n */ + c", "((a + b) + c)"],
  ])("a statement goes on %s", (_, text, shown) => {
    const member = readMember(text);
    expect(member?.kind === "definition" ? show(member.value) : "").toBe(shown);
  });

  it("ends a statement at `;` and at `}` too", () => {
    expect(membersOf(clean("pipeline p { a = 1; b = 2 }")).map((m) => m.kind)).toEqual(["definition", "definition"]);
  });
});

it("keeps statement words free as names everywhere else", () => {
  const words = [
    "batch",
    "config",
    "input",
    "param",
    "encoder",
    "layer",
    "metric",
    "output",
    "data",
    "eval",
    "train",
    "task",
    "for",
    "from",
    "import",
    "module",
    "pipeline",
    "in",
  ];
  const body = words.map((word) => `  ${word} = ${word}_x + ${word}\n  ${word}[i] = ${word}[i] + f(${word}: ${word}.${word})`).join("\n");
  expect(membersOf(clean(pipeline(body))).map((m) => (m.kind === "definition" ? m.name.name : m.kind))).toEqual(
    words.flatMap((word) => [word, word]),
  );
});

it("takes the only parentheses of a module for its inputs", () => {
  const [bare, both] = clean("module f(x: f32[n]) { return x }\nmodule g(a: int, b = 1)(x: f32) { return x }\n").items;
  expect(bare?.kind === "module" && [bare.configs.length, bare.inputs.length]).toEqual([0, 1]);
  expect(both?.kind === "module" && [both.configs.length, both.inputs.length]).toEqual([2, 1]);
});

it("reads the settings, groups and fields of a train block", () => {
  const member = readMember(
    "  train {\n    clip -1\n    betas (0.9, 0.95)\n    for img.**, *.3.1.w, b { lr: 0.1x, decay: 0 }\n    for c {\n      lr: 1\n      freeze: true,\n    }\n  }",
  );
  if (member?.kind !== "train") throw new Error("no train block");
  expect(member.settings.map(({ name, value }) => `${name.name} ${show(value)}`)).toEqual(["clip (- 1)", "betas tuple(0.9, 0.95)"]);
  expect(member.groups.map((g) => g.patterns.map((p) => p.name))).toEqual([["img.**", "*.3.1.w", "b"], ["c"]]);
  expect(member.groups.map((g) => g.fields.map((f) => `${f.name?.name}: ${show(f.value)}`))).toEqual([
    ["lr: 0.1x", "decay: 0"],
    ["lr: 1", "freeze: true"],
  ]);
});

it("gives every node the text it was read from", () => {
  const text = pipeline("  loss = -sum[i](a[i] * (b + 2)) / n");
  const { program } = parseText(text);
  const member = membersOf(program)[0];
  if (member?.kind !== "definition" || member.value.kind !== "binary" || member.value.left.kind !== "unary") throw new Error("misread");
  const at = (span: { start: number; end: number }) => text.slice(span.start, span.end);
  expect(at(member.span)).toBe("loss = -sum[i](a[i] * (b + 2)) / n");
  expect(at(member.value.span)).toBe("-sum[i](a[i] * (b + 2)) / n");
  expect(at(member.value.opSpan)).toBe("/");
  expect(at(member.value.left.operand.span)).toBe("sum[i](a[i] * (b + 2))");
  const reduce = member.value.left.operand;
  const product = reduce.kind === "reduce" ? reduce.args[0]?.value : undefined;
  expect(product?.kind === "binary" && at(product.right.span)).toBe("(b + 2)");
});

it("keeps every comment with its place", () => {
  const { comments } = parseText(kitchenSink);
  expect(comments.map(({ span }) => kitchenSink.slice(span.start, span.end))).toEqual(comments.map(({ text }) => text));
  expect(comments.length).toBe(kitchenSink.match(/\/\/|\/\*/g)?.length);
});
