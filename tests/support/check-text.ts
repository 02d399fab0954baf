/** Checks the text of a program, with marks `«…»` around the places where a mistake is expected. */
import { type Lowered, lowerProgram } from "../../compiler/lower/lower-program.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import { parse } from "../../grammar/parse.js";
import { SourceFile } from "../../grammar/source-file.js";
import { readPipelineFile } from "./compile-text.js";

export const MAIN = "main.sig";

export type CheckOptions = {
  /** Files beside the main one, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly sets?: Readonly<Record<string, string>>;
  readonly pipeline?: string;
};

export type Checked = {
  readonly text: string;
  readonly lowered: Lowered;
  /** The parser's and the checker's, in that order. */
  readonly diagnostics: readonly Diagnostic[];
  /** The marked ranges in the order of the text. */
  readonly marks: readonly { readonly start: number; readonly end: number }[];
};

export function checkText(marked: string, { files = {}, sets = {}, pipeline }: CheckOptions = {}): Checked {
  const { text, marks } = unmark(marked);
  const parsed = parse(new SourceFile(MAIN, text));
  const lowered = lowerProgram(parsed.program, {
    read: (uri) => (Object.hasOwn(files, uri) ? new SourceFile(uri, files[uri] ?? "") : readPipelineFile(uri)),
    sets: new Map(Object.entries(sets)),
    ...(pipeline === undefined ? {} : { pipeline }),
  });
  return { text, marks, lowered, diagnostics: [...parsed.diagnostics, ...lowered.diagnostics] };
}

function unmark(marked: string): Pick<Checked, "text" | "marks"> {
  const marks: { start: number; end: number }[] = [];
  let text = "";
  for (const char of marked) {
    if (char === "«") marks.push({ start: text.length, end: text.length });
    else if (char === "»") marks[marks.length - 1] = { start: marks.at(-1)?.start ?? 0, end: text.length };
    else text += char;
  }
  return { text, marks };
}

/** A pipeline of these members, beside inputs that most cases need; `loss` is added unless the members define one. */
export function pipelineOf(members: string, modules = ""): string {
  const loss = /^\s*(«?loss»?\b|output\b)/m.test(members) ? "" : "\n  loss = sum(x0)";
  return `${modules}pipeline test {
  batch n, m
  config width: int = 8
  input x0 : f32[n]
  input x : f32[n, width]
  input y : f32[m, width]
  input z : f32[m, 9]
  input w : f32[n]
  input ids : i32[n]
  input cube : f32[n, 4, 6]
  param t : f32 = 1
${members}${loss}
}
`;
}
