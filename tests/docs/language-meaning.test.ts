/** The second half of docs/language.md says what the checker does: its programs, its mistakes, its functions. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtins } from "../../compiler/lower/builtins/table.js";
import { checkText } from "../support/check-text.js";

const page = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
const meaning = page.slice(page.indexOf("\n## Meaning"));
const programs = [...meaning.matchAll(/```sig\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

describe("docs/language.md, Meaning", () => {
  it("has programs", () => {
    expect(programs.length).toBeGreaterThan(4);
  });

  it.each(programs)("checks, or fails where it says so: %s", (text) => {
    const wanted = [...text.matchAll(/\/\/ error (SIG\d+)/g)].map(([, code]) => code);
    const { diagnostics } = checkText(text);
    expect(diagnostics.map(({ code }) => code)).toEqual(wanted);
    const line = text.slice(0, diagnostics[0]?.span.start).split("\n").length;
    if (wanted.length > 0) expect(text.split("\n")[line - 1]).toContain("// error");
  });

  it("lists every function, called as it is", () => {
    const calls = [...builtins.values()].map(({ signature }) => signature.split(" or ")[0] ?? signature);
    expect(calls.filter((call) => !meaning.includes(call))).toEqual([]);
  });
});
