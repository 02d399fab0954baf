import { describe, expect, it, test } from "vitest";
import { codeFrame } from "../../grammar/code-frame.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { SourceFile } from "../../grammar/source-file.js";

/** A frame for the text between ⟦ and ⟧. */
function frame(marked: string, more: Partial<Diagnostic> = {}): string {
  const start = marked.indexOf("⟦");
  const end = marked.indexOf("⟧") - 1;
  const source = new SourceFile("a.sig", marked.replace(/[⟦⟧]/g, ""));
  return codeFrame(
    { code: "SIG2001", severity: "error", message: "no", span: source.span(start, end), related: [], help: [], ...more },
    () => source,
  );
}

test("the shape: place, code, message, line, caret, the other place, the fix", () => {
  const source = new SourceFile("siglip.sig", `${"\n".repeat(8)}  w = 3\n${"\n".repeat(4)}  loss = sum[i, j](w * logits[i, j])\n`);
  const at = (text: string) => source.span(source.text.indexOf(text), source.text.indexOf(text) + 1);
  const diagnostic: Diagnostic = {
    code: "SIG3012",
    severity: "error",
    message: "`w` has one batch axis",
    span: at("w * logits"),
    related: [{ span: at("w = 3"), message: "`w` is defined here" }],
    help: ["write `w[i]` or `w[j]`"],
  };
  expect(codeFrame(diagnostic, () => source)).toBe(
    [
      "siglip.sig:14:20 error SIG3012: `w` has one batch axis",
      "  14 |   loss = sum[i, j](w * logits[i, j])",
      "     |                    ^",
      "siglip.sig:9:3 note: `w` is defined here",
      "   9 |   w = 3",
      "     |   ^",
      "help: write `w[i]` or `w[j]`",
    ].join("\n"),
  );
});

describe("the caret stands under what is meant", () => {
  test.each([
    ["a word", "x = ⟦abc⟧ d", "   1 | x = abc d", "     |     ^^^"],
    ["an empty place at the end", "x = f(a⟦⟧\ny", "   1 | x = f(a", "     |        ^"],
    ["behind tabs", "\tx\t⟦y⟧", "   1 |     x   y", "     |         ^"],
    ["behind wide characters", '"漢字" ⟦b⟧', '   1 | "漢字" b', "     |        ^"],
    ["under wide characters", "⟦漢字⟧ b", "   1 | 漢字 b", "     | ^^^^"],
    ["behind a picture of several code points", '"👩‍👩‍👧" ⟦b⟧', '   1 | "👩‍👩‍👧" b', "     |      ^"],
    ["behind a combining accent", '"e\u0301" ⟦b⟧', '   1 | "e\u0301" b', "     |     ^"],
    ["before CRLF", "x = ⟦a⟧\r\ny = b\r\n", "   1 | x = a", "     |     ^"],
    ["in place of a control character", "x\u001b\u202e[31m ⟦y⟧", "   1 | x\ufffd\ufffd[31m y", "     |         ^"],
  ])("%s", (_, marked, line, mark) => expect(frame(marked).split("\n").slice(1)).toEqual([line, mark]));
});

describe("a span of several lines", () => {
  it("shows its first and its last", () => {
    expect(frame("a = ⟦f(\n  b,\n  c\n)⟧ + d").split("\n").slice(1)).toEqual([
      "   1 | a = f(",
      "     |     ^^",
      "     …",
      "   4 | ) + d",
      "     | ^",
    ]);
  });
  it("shows one line if it ends where the next begins", () => {
    expect(frame("a = ⟦f\n⟧b").split("\n").slice(1)).toEqual(["   1 | a = f", "     |     ^"]);
  });
});

it("cuts a long line around the mark, wherever that is", () => {
  for (const before of [0, 10, 100, 500, 100_000]) {
    const [, line = "", mark = ""] = frame(`${"a".repeat(before)}⟦XYZ⟧${"b".repeat(100_000)}`).split("\n");
    expect(line.length).toBeLessThan(140);
    expect(line.slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1)).toBe("XYZ");
    expect(line.endsWith("…")).toBe(true);
  }
  const [, line = "", mark = ""] = frame(`x = ⟦${"a".repeat(10_000)}⟧`).split("\n");
  expect(mark.length).toBeLessThanOrEqual(line.length);
});

it("names the place of a file that it has no text of, and widens the gutter for a large line number", () => {
  const diagnostic: Diagnostic = {
    code: "SIG1",
    severity: "warning",
    message: "m",
    span: { file: "b.sig", start: 3, end: 4 },
    related: [],
    help: [],
  };
  expect(codeFrame(diagnostic, () => undefined)).toBe("b.sig warning SIG1: m");
  expect(frame(`${"\n".repeat(12_344)}⟦x⟧`).split("\n")[1]).toBe("12345 | x");
});

it("hands every part to the style once, and adds nothing itself", () => {
  const source = new SourceFile("a.sig", "x");
  const diagnostic: Diagnostic = { code: "SIG1", severity: "error", message: "m", span: source.span(0, 1), related: [], help: ["h"] };
  expect(
    codeFrame(
      diagnostic,
      () => source,
      (part, text) => `<${part}:${text}>`,
    ),
  ).toBe("<place:a.sig:1:1> <error:error SIG1:> <message:m>\n<gutter:   1 |> x\n<gutter:     |> <mark:^>\n<help:help:> h");
});
