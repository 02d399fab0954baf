import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import { scalar, type Type } from "../../../compiler/graph/type.js";
import { lowerOps } from "../../../compiler/plan/lower-ops.js";
import { peakOf, walkPlan } from "../../../compiler/plan/logical-memory.js";
import type { PlanStatement } from "../../../compiler/plan/plan.js";
import { type Blocks, type Dims, tileChoices } from "../../support/op-plan.js";
import { tiledSiglip } from "../../support/tiled-siglip.js";

const lower = (graph: Graph, dims: Dims, blocks: Blocks = {}) => lowerOps(graph, dims, tileChoices(graph, dims, blocks));

/** `cut`, `dot`, …: what runs under how many loops. */
function outline(statements: readonly PlanStatement[], depth = 0): readonly string[] {
  return statements.flatMap((statement) => {
    if (statement.kind === "for") return outline(statement.body, depth + 1);
    return statement.kind === "free" ? [] : [`${depth} ${statement.kind === "op" ? statement.node.op : statement.kind}`];
  });
}
const countOf = (lines: readonly string[], line: string): number => lines.filter((l) => l === line).length;

const span = { file: "test.sig", start: 0, end: 0 };
const [n, m] = [batch("n"), batch("m")];
const f32 = (...shape: Type["shape"]): Type => ({ dtype: "f32", shape });

describe("one sweep of the sigmoid loss", () => {
  const plan = lower(tiledSiglip(8), { n: 100, m: 90 }, { i: 32, j: 32 });
  const lines = outline(plan.statements);

  test("a row block is cut once per row block, a column block once per pair of blocks", () => {
    expect([countOf(lines, "1 cut"), countOf(lines, "2 cut")]).toEqual([1, 1]);
  });

  test("numbers and what is made of numbers alone run before the loops", () => {
    expect(countOf(lines, "2 const") + countOf(lines, "2 size") + countOf(lines, "2 exp")).toBe(0);
    expect(countOf(lines, "0 exp")).toBe(2);
  });

  test("no broadcast is ever made: rows, columns and numbers meet the pairs as they are", () => {
    expect(lines.filter((line) => line.endsWith("broadcast"))).toEqual([]);
  });

  test("no buffer grows with both batches", () => {
    expect(Math.max(...plan.buffers.map(({ degree }) => degree))).toBe(1);
  });

  test("every buffer is made before it is used and freed once, unless it is given or handed back", () => {
    const kept = new Set(plan.buffers.filter(({ role }) => role === "given" || role === "result").map(({ id }) => id));
    const freed = new Set<number>();
    const visit = (statements: readonly PlanStatement[]): void => {
      for (const statement of statements) {
        if (statement.kind === "for") visit(statement.body);
        if (statement.kind !== "free") continue;
        expect(kept.has(statement.buffer) || freed.has(statement.buffer)).toBe(false);
        freed.add(statement.buffer);
      }
    };
    visit(plan.statements);
    const last = [...walkPlan({ dims: { n: 100, m: 90 }, buffers: plan.buffers, statements: plan.statements })].at(-1);
    const bytes = plan.buffers.filter(({ id }) => kept.has(id)).reduce((sum, buffer) => sum + buffer.bytes, 0);
    expect(last?.liveBytes).toBe(bytes);
  });
});

describe("the peak", () => {
  const graph = tiledSiglip(3);
  test.each([
    { dims: { n: 1, m: 1 }, blocks: {} },
    { dims: { n: 7, m: 11 }, blocks: { i: 3, j: 4 } },
    { dims: { n: 12, m: 8 }, blocks: { i: 4, j: 4 } },
    { dims: { n: 9, m: 50 }, blocks: { i: 8, j: 7 } },
    { dims: { n: 50, m: 9 }, blocks: { i: 7, j: 100 } },
  ])("without running every block is the peak of running them all: $dims in $blocks", ({ dims, blocks }) => {
    const { statements, buffers, peakBytes, peakAt } = lower(graph, dims, blocks);
    const events = [...walkPlan({ dims, statements, buffers })];
    const worst = Math.max(...events.map(({ liveBytes }) => liveBytes));
    expect(peakBytes).toBe(worst);
    expect(events.filter(({ liveBytes }) => liveBytes === worst).map(({ index }) => index)).toContain(peakAt);
  });

  test("a million rows in blocks of 64 are planned without running 268 million blocks", () => {
    const dims = { n: 2 ** 20, m: 2 ** 20 };
    const { statements, buffers, peakBytes } = lower(graph, dims, { i: 64, j: 64 });
    // Both gradients in pieces, one of them being joined; blocks are small change.
    const matrix = 2 ** 20 * 3 * 4;
    expect(peakBytes).toBeGreaterThan(4 * matrix);
    expect(peakBytes).toBeLessThan(5.1 * matrix);
    expect(peakOf({ dims, statements, buffers }).bytes).toBe(peakBytes);
  });
});

/** A tile over rows of x whose results are `outs` of the body's values. */
function rowTile(
  body: (b: GraphBuilder, x: number) => readonly number[],
  outs: (values: readonly number[]) => Parameters<GraphBuilder["tile"]>[0]["outs"],
  types: readonly Type[],
): Graph {
  const inner = new GraphBuilder(span);
  const values = body(inner, inner.emit("arg", [], { index: 0, type: f32(batch("@i"), m) }));
  const b = new GraphBuilder(span);
  const x = b.emit("input", [], { name: "x", role: "data", type: f32(n, m) });
  const loops = [{ name: "i", extent: n, block: "auto" as const }];
  const tile = b.tile({
    loops,
    ins: [{ value: x, slice: [0, null] }],
    outs: outs(values),
    body: inner.finish([]),
    recomputed: [],
    types,
    span,
  });
  return b.finish(types.map((type, index) => ({ name: `out${index}`, value: b.emit("project", [tile], { index, type }) })));
}

describe("what a merge consumes is its own", () => {
  test("one value under two merges is copied for the first", () => {
    const graph = rowTile(
      (b, x) => [b.sum(x, [0, 1])],
      ([s = 0]) => [
        { value: s, place: [], merge: "sum", by: null },
        { value: s, place: [], merge: "max", by: null },
      ],
      [scalar("f32"), scalar("f32")],
    );
    const { statements } = lower(graph, { n: 10, m: 3 }, { i: 4 });
    const merges: number[] = [];
    const visit = (list: readonly PlanStatement[]): void => {
      for (const statement of list) {
        if (statement.kind === "for") visit(statement.body);
        if (statement.kind === "merge") merges.push(statement.part);
      }
    };
    visit(statements);
    expect(new Set(merges).size).toBe(2);
  });

  test("a block that is handed on as it is stays whole for its other readers", () => {
    const graph = rowTile(
      (b, x) => [x, b.sum(b.exp(x), [0, 1])],
      ([x = 0, s = 0]) => [
        { value: x, place: [0, null], merge: "none", by: null },
        { value: s, place: [], merge: "sum", by: null },
      ],
      [f32(n, m), scalar("f32")],
    );
    const { statements, buffers } = lower(graph, { n: 10, m: 3 }, { i: 4 });
    expect(() => [...walkPlan({ dims: { n: 10, m: 3 }, statements, buffers })]).not.toThrow();
    const loop = statements.find((statement) => statement.kind === "for");
    const kinds = outline(loop === undefined ? [] : [loop]);
    expect(kinds.lastIndexOf("1 merge")).toBeGreaterThan(kinds.indexOf("1 exp"));
  });
});

test("a static axis, as in a correlation of features, is cut like a batch", () => {
  const d = constant(10);
  const inner = new GraphBuilder(span);
  const x = inner.emit("arg", [], { index: 0, type: f32(n, batch("@i")) });
  const total = inner.sum(x, [0]);
  const b = new GraphBuilder(span);
  const input = b.emit("input", [], { name: "x", role: "data", type: f32(n, d) });
  const tile = b.tile({
    loops: [{ name: "i", extent: d, block: "auto" }],
    ins: [{ value: input, slice: [null, 0] }],
    outs: [{ value: total, place: [0], merge: "none", by: null }],
    body: inner.finish([]),
    recomputed: [],
    types: [f32(d)],
    span,
  });
  const graph = b.finish([{ name: "total", value: b.emit("project", [tile], { index: 0, type: f32(d) }) }]);
  const { statements } = lower(graph, { n: 7 }, { i: 4 });
  expect(outline(statements)).toEqual(["1 cut", "1 sum", "1 merge", "0 join"]);
});

describe("late broadcasts", () => {
  test("what is computed from rows alone is computed on rows, and stretched when a reduction needs it", () => {
    const b = new GraphBuilder(span);
    const r = b.emit("input", [], { name: "r", role: "data", type: f32(n) });
    const e = b.exp(b.broadcast(r, [n, m], [0]));
    const graph = b.finish([{ name: "total", value: b.sum(e, [0, 1]) }]);
    const { statements, buffers } = lower(graph, { n: 7, m: 5 });
    expect(outline(statements)).toEqual(["0 reshape", "0 exp", "0 broadcast", "0 sum"]);
    expect(buffers.find(({ name }) => name === "exp")?.shape).toEqual([7, 1]);
  });

  test("a number meets a matrix without any statement of its own", () => {
    const b = new GraphBuilder(span);
    const x = b.emit("input", [], { name: "x", role: "data", type: f32(n, m) });
    const graph = b.finish([{ name: "y", value: b.mul(x, b.constLike(2, x)) }]);
    expect(outline(lower(graph, { n: 7, m: 5 }).statements)).toEqual(["0 const", "0 mul"]);
  });

  test("an output is whole", () => {
    const b = new GraphBuilder(span);
    const r = b.emit("input", [], { name: "r", role: "data", type: f32(m) });
    const graph = b.finish([{ name: "y", value: b.broadcast(r, [n, m], [1]) }]);
    const { outputs, buffers } = lower(graph, { n: 7, m: 5 });
    expect(buffers[outputs[0]?.buffer ?? -1]?.shape).toEqual([7, 5]);
  });
});
