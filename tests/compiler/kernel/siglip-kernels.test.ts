import { expect, test } from "vitest";
import type { SymbolicStatement } from "../../../compiler/plan/symbolic-plan.js";
import { scheduleGraph } from "../../../compiler/plan/schedule.js";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import { compileText } from "../../support/compile-text.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { tiledSiglip } from "../../support/tiled-siglip.js";

const calls = (statements: readonly SymbolicStatement[]): readonly number[] =>
  statements.flatMap((s) => (s.kind === "for" ? calls(s.body) : s.kind === "call" ? [s.kernel] : calls([s.early, s.late])));
const innermost = (statements: readonly SymbolicStatement[]): readonly SymbolicStatement[] => {
  const loop = statements.find((s) => s.kind === "for");
  return loop?.kind === "for" ? innermost(loop.body) : statements;
};

function expectThreeContractions(graph: Graph): void {
  const { schedule, kernels } = scheduleGraph(graph, { precision: "f32" });
  const inside = calls(innermost(schedule.statements)).map((k) => kernels[k]);
  expect(inside.map((kernel) => kernel?.form)).toEqual(["contract", "contract", "contract"]);
  const [logits, ...gradients] = inside;
  if (logits?.form !== "contract") throw new Error("no contraction");
  // G whole, and the partial sums of loss, dt and db; nothing per row or column leaves the tile.
  expect(logits.outs.map(({ merge, access }) => [merge, access.length])).toEqual([
    ["none", 2],
    ["sum", 0],
    ["sum", 0],
    ["sum", 0],
  ]);
  for (const kernel of gradients) {
    if (kernel?.form !== "contract") throw new Error("no contraction");
    expect(kernel.outs.map(({ merge }) => merge)).toEqual(["sum"]);
    expect(kernel.scalars.map(({ kind }) => kind)).toEqual(["accumulator"]);
  }
  // One scratch tile is all that lives inside the loops.
  expect(schedule.buffers.filter(({ role, loops }) => role === "block" && loops.length === 2).length).toBe(1);
}

test("a sigmoid-loss sweep tiled by hand is three contractions: logits with G and sums, dX, dY", () => {
  expectThreeContractions(tiledSiglip(48));
});

test("the sigmoid loss as users write it is three contractions too", () => {
  const text = `pipeline p {
    batch n
    input x: f32[n, 48]
    input y: f32[n, 48]
    param t_prime: f32 = log(10)
    param bias: f32 = -10
    logits[i, j] = exp(t_prime) * dot(x[i], y[j]) + bias
    loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
  }`;
  expectThreeContractions(compileText(text, { target: createPlanrefEngine().target("f32") }).template.graph);
});

test("a shared expression of many levels is walked once, not once per path", () => {
  const b = new GraphBuilder({ file: "deep.sig", start: 0, end: 0 });
  let x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f32", shape: [batch("n"), constant(3)] } });
  for (let level = 0; level < 60; level++) x = b.add(b.emit("tanh", [x], {}), x);
  const { kernels } = scheduleGraph(b.finish([{ name: "loss", value: b.sum(x, [0, 1]) }]), { precision: "f32" });
  expect(kernels.map(({ form }) => form)).toEqual(["reduce"]);
});
