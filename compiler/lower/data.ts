/** The `data` block, and the entries of the `eval` block that stand in for its own. */
import type { DataEntry as EntrySyntax, Expr } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Span } from "../../grammar/span.js";
import { messages } from "../check/messages.js";
import { mistake, refuse } from "../check/refusal.js";
import type { Region } from "../check/value.js";
import { asNumber, plainBatch } from "../graph/size.js";
import { isFloat, printType, type Type } from "../graph/type.js";
import { type Flow, flowWords, type Made, sourceOf, stageOf } from "./data-methods.js";
import type { DataEntry, DataSpec, Transform } from "./data-spec.js";
import type { Elaboration } from "./elaboration.js";
import type { InputDecl } from "./program.js";

/** The inputs that checked, and the names of all. */
export type EntryInputs = { readonly decls: readonly InputDecl[]; readonly names: readonly string[] };
type Block = { readonly span: Span; readonly entries: readonly EntrySyntax[] };

export function dataSpec(e: Elaboration, scope: Region, inputs: EntryInputs, block: Block): DataSpec {
  const first = new Map<string, Span>();
  const entries: DataEntry[] = [];
  for (const entry of block.entries)
    e.report.attempt(() => {
      const { name, span } = entry.name;
      if (!inputs.names.includes(name))
        refuse(
          messages.entryOfNoInput,
          span,
          { name, known: inputs.names.map((known) => `\`${known}\``).join(", ") || "none" },
          { meant: didYouMean(name, inputs.names) },
        );
      const earlier = first.get(name);
      if (earlier !== undefined) refuse(messages.entryTwice, span, { name }, { related: [{ span: earlier, message: "here first" }] });
      first.set(name, span);
      entries.push(entryOf(e, scope, entry, inputs.decls.find((decl) => decl.name === name) ?? null));
    }, undefined);
  return { entries, span: block.span };
}

/** What evaluation reads: the data block's entries, except where the eval block has its own. */
export function overridden(data: DataSpec | null, own: DataSpec | null): DataSpec | null {
  if (data === null || own === null) return own ?? data;
  const kept = data.entries.filter(({ input }) => !own.entries.some((entry) => entry.input === input));
  return { entries: [...kept, ...own.entries], span: own.span };
}

/** `decl` is null where the input itself is wrong, which has been reported. */
function entryOf(e: Elaboration, scope: Region, { name, value, span }: EntrySyntax, decl: InputDecl | null): DataEntry {
  const [head, ...rest] = pipe(value);
  if (head === undefined) throw new Error("an entry without a value");
  const source = { ...sourceOf(e, scope, head), expr: head };
  const stages: (Made<Transform> & { readonly expr: Expr })[] = [];
  for (const expr of rest) stages.push({ ...stageOf(e, scope, expr, [source, ...stages]), expr });
  const last = stages.at(-1) ?? source;
  if (decl !== null) fit(decl, last.flow, { name: last.name, span: last.expr.span });
  return { input: name.name, source: source.value, transforms: stages.map((stage) => stage.value), span };
}

/** `a | b | c` from its left. */
function pipe(expr: Expr): readonly Expr[] {
  return expr.kind === "binary" && expr.op === "|" ? [...pipe(expr.left), expr.right] : [expr];
}

/** The example's own shape, without the batch; null where only the data tell it. */
type Row = { readonly dtype: "float" | "integer"; readonly shape: readonly (number | null)[] | null };

function fit(decl: InputDecl, flow: Flow, last: { readonly name: string; readonly span: Span }): void {
  const related = [{ span: decl.span, message: `\`${decl.name}\` is declared ${printType(decl.type)} here` }];
  const row = rowOf(flow);
  if (row === null)
    return refuse(
      messages.entryUnfinished,
      last.span,
      { name: decl.name, last: last.name, gives: flowWords[flow.kind], fix: endings[flow.kind] ?? "" },
      { related },
    );
  const [first, ...rest] = decl.type.shape;
  const sizes = rest.map(asNumber);
  if (first === undefined || plainBatch(first) === null || sizes.includes(null))
    refuse(messages.entryNeedsRows, last.span, { name: decl.name, declared: printType(decl.type) }, { related });
  if (row.shape === null) return;
  const sameShape = row.shape.length === sizes.length && row.shape.every((size, k) => size === null || size === sizes[k]);
  if (!sameShape || !holds(decl.type, row)) {
    const shape = row.shape.map((size) => size ?? "…");
    const gives = `${row.dtype === "float" ? "f32" : "i32"}[${["n", ...shape].join(", ")}]`;
    refuse(messages.entryShape, last.span, { name: decl.name, declared: printType(decl.type), gives }, { related });
  }
}

function rowOf(flow: Flow): Row | null {
  switch (flow.kind) {
    case "floats":
      return { dtype: "float", shape: [flow.side, flow.side, 3] };
    case "ids":
      return { dtype: "integer", shape: [flow.length] };
    case "integer":
      return { dtype: "integer", shape: [] };
    case "number":
      return { dtype: "float", shape: [] };
    case "rows":
      return { dtype: "float", shape: null };
    case "column":
    case "picture":
    case "text":
      break;
  }
  return null;
}

/** How a pipe goes on that ends too early. */
const endings: Readonly<Partial<Record<Flow["kind"], string>>> = {
  column: "`decode | to_float(-1, 1)` for a picture, `tokenize(…)` for text, `to_int` or `number` for a number",
  picture: "`to_float(-1, 1)`",
  text: '`tokenize("tokenizer.json", length: 16)`',
};

const holds = ({ dtype }: Type, row: Row): boolean => (row.dtype === "float" ? isFloat(dtype) : dtype === "i32" || dtype === "u32");

/** Once a block; later ones are mistakes. */
export function blockOnce(e: Elaboration, what: string, span: Span, earlier: Span | null): boolean {
  if (earlier === null) return true;
  e.report.add(mistake(messages.blockTwice, span, { what }, { related: [{ span: earlier, message: "the first one" }] }));
  return false;
}
