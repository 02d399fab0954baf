/**
 * Text → graph: reads what `printGraph` writes, and what a person writes by hand: named values (`%logits`), `//` comments,
 * no spans, and no result type where the op and its operands tell it. Types are inferred anew by the op table; a stated type
 * that differs is refused.
 */
import type { Span } from "../../grammar/span.js";
import { attrTextsOf } from "./attr-text.js";
import { GraphBuilder } from "./builder.js";
import type { Graph, GraphOutput, Id, Merge, TileLoop } from "./graph.js";
import { type Attrs, type OpName, type OpSpec, ops, TypeRuleError } from "./op-table.js";
import { GraphSyntaxError, TextScanner } from "./text-scanner.js";
import { printType, sameType, type Type } from "./type.js";

export { GraphSyntaxError };

export type ParseOptions = { /** The place of nodes that state none. */ readonly span?: Span };

/** Tiles within tiles; more is a hostile text. */
const MAX_DEPTH = 32;

export function parseGraph(text: string, { span = { file: "graph", start: 0, end: 0 } }: ParseOptions = {}): Graph {
  const from = new TextScanner(text);
  const scope = new Scope(span);
  readNodes(from, scope, 0);
  const outputs: GraphOutput[] = [];
  while (from.acceptWord("output")) {
    const start = from.offset;
    const name = from.string();
    if (outputs.some((output) => output.name === name)) from.fail(`a second output ${JSON.stringify(name)}`, start);
    from.expect("=");
    outputs.push({ name, value: scope.read(from) });
  }
  if (!from.done) from.fail("expected a node such as `%3 = neg %2` or an output");
  return scope.builder.finish(outputs);
}

/** The values that one graph or body has named so far. */
class Scope {
  readonly builder: GraphBuilder;
  readonly span: Span;
  readonly #ids = new Map<string, Id>();

  constructor(span: Span) {
    this.span = span;
    this.builder = new GraphBuilder(span);
  }

  lookUp(name: string): Id | undefined {
    return this.#ids.get(name);
  }

  read(from: TextScanner): Id {
    const start = from.offset;
    const name = from.value();
    return this.lookUp(name) ?? from.fail(`${name} is not defined above`, start);
  }

  define(from: TextScanner, name: string, id: Id, start: number): void {
    if (this.#ids.has(name)) from.fail(`${name} is defined twice`, start);
    this.#ids.set(name, id);
  }
}

function readNodes(from: TextScanner, scope: Scope, depth: number): void {
  while (from.at("%")) {
    const start = from.offset;
    const name = from.value();
    from.expect("=");
    try {
      scope.define(from, name, from.acceptWord("tile") ? readTile(from, scope, depth) : readOp(from, scope), start);
    } catch (error) {
      if (error instanceof TypeRuleError) from.fail(`${name}: ${error.message}`, start);
      throw error;
    }
  }
}

const isOpName = (word: string): word is OpName => Object.hasOwn(ops, word);

function readOp(from: TextScanner, scope: Scope): Id {
  const start = from.offset;
  const op = from.word("an op");
  if (!isOpName(op)) from.fail(`no op is called ${op}`, start);
  const attrs = new Map<string, unknown>();
  for (const [name, text] of attrTextsOf(op)) if (text.where === "lead") attrs.set(name, text.read(from));
  const ins = (ops[op] as OpSpec<never>).arity === 0 ? [] : readOperands(from, scope);
  readBraces(from, op, attrs);
  const stated = from.accept(":") ? from.type() : null;
  for (const [name, text] of attrTextsOf(op))
    if (text.where === "result") attrs.set(name, text.of(stated ?? from.fail(`${op} must state its result type`)));
  scope.builder.span = readSpan(from) ?? scope.span;
  return emit(from, scope.builder, op, ins, attrs, stated, start);
}

function emit(
  from: TextScanner,
  builder: GraphBuilder,
  op: OpName,
  ins: readonly Id[],
  attrs: ReadonlyMap<string, unknown>,
  stated: Type | null,
  start: number,
): Id {
  const { arity } = ops[op] as OpSpec<never>;
  if (arity === "many" ? ins.length === 0 : ins.length !== arity) from.fail(`${op} takes ${arity} operands, got ${ins.length}`, start);
  // The table of attribute texts is keyed as Attrs is, so the object fits its op.
  const id = builder.emit(op, ins, Object.fromEntries(attrs) as unknown as Attrs[OpName] as never);
  const inferred = builder.type(id);
  if (stated !== null && !sameType(stated, inferred))
    from.fail(`${op} gives ${printType(inferred)}, but the text states ${printType(stated)}`, start);
  return id;
}

function readOperands(from: TextScanner, scope: Scope): readonly Id[] {
  const ins = [scope.read(from)];
  while (from.accept(",")) ins.push(scope.read(from));
  return ins;
}

function readBraces(from: TextScanner, op: OpName, attrs: Map<string, unknown>): void {
  const wanted = new Map(attrTextsOf(op).flatMap(([name, text]) => (text.where === "braces" ? [[name, text] as const] : [])));
  if (from.at("{"))
    from.list("{", "}", () => {
      const start = from.offset;
      const name = from.word("an attribute");
      const text =
        wanted.get(name) ?? from.fail(`${op} has no attribute ${name}; it has ${[...wanted.keys()].join(", ") || "none"}`, start);
      if (attrs.has(name)) from.fail(`${name} is given twice`, start);
      from.expect("=");
      attrs.set(name, text.read(from));
    });
  for (const [name, text] of wanted) {
    if (attrs.has(name)) continue;
    if (!("usual" in text)) from.fail(`${op} needs the attribute ${name}`);
    attrs.set(name, text.usual);
  }
}

function readSpan(from: TextScanner): Span | null {
  if (!from.accept("@")) return null;
  const file = from.string();
  from.expect(":");
  const start = from.integer();
  from.expect(":");
  return { file, start, end: from.integer() };
}

// Tiles ------------------------------------------------------------------------------------------------------------

const merges = {
  none: true,
  sum: true,
  max: true,
  min: true,
  argmax: true,
  logsumexp: true,
  topk: true,
  topk_index: true,
} as const satisfies Record<Merge, true>;
const isMerge = (word: string): word is Merge => Object.hasOwn(merges, word);

/** The body stands after the results that name its values, so those are read as names first. */
function readTile(from: TextScanner, scope: Scope, depth: number): Id {
  if (depth >= MAX_DEPTH) from.fail(`tiles are nested more than ${MAX_DEPTH} deep`);
  const loops = from.list("(", ")", () => readLoop(from));
  const ins = from.list("(", ")", () => ({ value: scope.read(from), slice: readAxes(from, loops) }));
  from.expect("->");
  const outs = from.list("(", ")", () => readOut(from, loops));
  from.expect("{");
  const inner = new Scope(scope.span);
  readNodes(from, inner, depth + 1);
  from.expect("}");
  const body = inner.builder.finish([]);
  const recomputed = from.acceptWord("recomputed") ? from.list("[", "]", () => inner.read(from)) : [];
  const span = readSpan(from) ?? scope.span;
  return scope.builder.tile({
    loops,
    ins,
    outs: outs.map(({ name, place, merge, by }) => ({
      value: inner.lookUp(name.text) ?? from.fail(`the body has no ${name.text}`, name.offset),
      place,
      merge,
      by,
    })),
    body,
    recomputed,
    types: outs.map(({ type }) => type),
    span,
  });
}

function readLoop(from: TextScanner): TileLoop {
  const name = from.word("the name of a loop");
  from.expect(":");
  const extent = from.size();
  if (!from.acceptWord("by")) from.fail("expected `by` and a block size");
  return { name, extent, block: from.acceptWord("auto") ? "auto" : from.integer() };
}

function readAxes(from: TextScanner, loops: readonly TileLoop[]): readonly (number | null)[] {
  if (!from.at("[")) return [];
  return from.list("[", "]", () => {
    const start = from.offset;
    const name = from.word("a loop or _");
    if (name === "_") return null;
    const loop = loops.findIndex((l) => l.name === name);
    return loop >= 0 ? loop : from.fail(`no loop is called ${name}`, start);
  });
}

function readOut(from: TextScanner, loops: readonly TileLoop[]) {
  const start = from.offset;
  const merge = from.word("a way to merge");
  if (!isMerge(merge)) from.fail(`expected ${Object.keys(merges).join(", ")}, found ${merge}`, start);
  const name = { offset: from.offset, text: from.value() };
  const place = readAxes(from, loops);
  const by = from.acceptWord("by") ? from.integer() : null;
  from.expect(":");
  return { name, place, merge, by, type: from.type() };
}
