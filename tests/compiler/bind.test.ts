import { describe, expect, test } from "vitest";
import { bind, type Bound } from "../../compiler/bind.js";
import type { Template } from "../../compiler/compile.js";
import { GraphBuilder } from "../../compiler/graph/builder.js";
import { batch, constant, printSize } from "../../compiler/graph/size.js";
import { printPlan } from "../../compiler/plan/print-plan.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { escapes, verifyPlan } from "../../compiler/plan/verify-plan.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { planOf, templateOf } from "../support/plan-graph.js";
import { tiledSiglip } from "../support/tiled-siglip.js";

const target = createPlanrefEngine().target("f32");
const template = templateOf(tiledSiglip(768), target);

function planned(bound: Bound): Plan {
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => d.message).join("\n"));
  return bound.plan;
}
const blocksOf = (plan: Plan): readonly number[] => plan.tiles.flatMap(({ loops }) => loops.map(({ block }) => block));
const scratch = (plan: Plan): number => plan.buffers.filter(({ role }) => role === "block").reduce((sum, { bytes }) => sum + bytes, 0);

describe("without a budget", () => {
  test("tiles fill the scratch that the target asks for, in multiples of 32", () => {
    const plan = planned(bind(template, { n: 4096, m: 4096 }));
    expect(blocksOf(plan)).toEqual([512, 512]);
    expect(scratch(plan)).toBe(target.defaultScratchBytes);
  });
  test("a block is no longer than its axis, and blocks of an odd axis are nearly even", () => {
    expect(blocksOf(planned(bind(template, { n: 5, m: 520 })))).toEqual([5, 520]);
    expect(
      blocksOf(planned(bind({ ...template, target: { ...target, defaultScratchBytes: 512 * 512 * 4 } }, { n: 520, m: 1000 }))),
    ).toEqual([288, 512]);
  });
  test("an engine's own unit: whole panels, but for blocks smaller than one", () => {
    const withUnit = { ...template, target: { ...target, blockUnit: 48 } };
    expect(blocksOf(planned(bind(withUnit, { n: 4096, m: 1000 })))).toEqual([480, 336]);
    const { peakBytes } = planned(bind(withUnit, { n: 4096, m: 4096 }));
    const tight = planned(bind(withUnit, { n: 4096, m: 4096 }, { memoryBytes: peakBytes - 480 * 480 * 4 + 40 * 40 * 4 }));
    expect(Math.max(...blocksOf(tight))).toBeLessThan(48);
  });
  test("6n²d operations for the sigmoid loss, whatever the blocks", () => {
    for (const n of [1000, 1024, 4097]) expect(planned(bind(template, { n, m: n })).flops).toBe(6 * n * n * 768);
  });
  test("the peak grows as n does, and no buffer as n·m does", () => {
    const peak = (n: number): number => planned(bind(template, { n, m: n })).peakBytes;
    expect(peak(8192) - peak(4096)).toBe(2 * (peak(4096) - peak(2048)));
    const plan = planned(bind({ ...template, target: { ...target, maxBytes: null } }, { n: 2 ** 20, m: 2 ** 20 }));
    expect(escapes(plan)).toEqual([]);
    verifyPlan(plan, template.kernels);
  });
});

describe("with a budget", () => {
  const dims = { n: 1000, m: 1000 };
  const free = planned(bind(template, dims)).peakBytes;
  const least = planned(bind(template, dims, { memoryBytes: free - scratch(planned(bind(template, dims))) + 4096 })).peakBytes;

  test("tiles shrink until the plan fits, no further than they must", () => {
    const memoryBytes = free - 100_000;
    const plan = planned(bind(template, dims, { memoryBytes }));
    expect(plan.peakBytes).toBeLessThanOrEqual(memoryBytes);
    expect(Math.min(...blocksOf(plan))).toBeGreaterThanOrEqual(256);
  });
  test("a budget that holds the default plan changes nothing", () => {
    expect(planned(bind(template, dims, { memoryBytes: free }))).toEqual(planned(bind(template, dims)));
  });
  test("where not even the smallest tiles fit, the refusal names the need, the budget and the largest buffers by place", () => {
    const { plan, diagnostics } = bind(template, dims, { memoryBytes: 1_000_000 });
    expect(plan).toBeNull();
    expect(diagnostics.map(({ code }) => code)).toEqual(["SIG5001"]);
    const [diagnostic] = diagnostics;
    expect(diagnostic?.message).toMatch(
      /^the step needs 11\.\d MiB even with the smallest tiles, and --memory allows 977 KiB\. Largest at the peak: `X` 768\*n elements, 2\.93 MiB; /,
    );
    expect(diagnostic?.help).toEqual([expect.stringMatching(/^run with --memory 11\.\dMiB or more/)]);
    expect(diagnostic?.related).toHaveLength(3);
    expect(least).toBeLessThan(12_400_000);
  });
  test("what the refusal asks for is enough", () => {
    const needed = /needs ([\d.]+) MiB/.exec(bind(template, dims, { memoryBytes: 1 }).diagnostics[0]?.message ?? "")?.[1];
    planned(bind(template, dims, { memoryBytes: Math.floor(Number(needed) * 2 ** 20) }));
  });
  test("an engine's own limit is named as such", () => {
    const small: Template = { ...template, target: { ...target, maxBytes: 1_000_000 } };
    expect(bind(small, dims).diagnostics.map(({ code }) => code)).toEqual(["SIG5002"]);
  });
});

test("a batch without a size, of size 0 or of half a row is refused by name", () => {
  for (const [m, said] of [
    [undefined, "not given"],
    [0, "0"],
    [2.5, "2.5"],
  ] as const) {
    const { diagnostics } = bind(template, m === undefined ? { n: 3 } : { n: 3, m });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `SIG5003 batch \`m\` needs a size of at least 1; it is ${said}.`,
    ]);
  }
});

test("a batch whose bytes no double counts exactly is refused", () => {
  expect(bind(template, { n: 2 ** 45, m: 1 }).diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "SIG5004 a value of 768*n elements has more bytes than can be counted exactly.",
  ]);
});

test("a step that reads a dying array element by element writes over it, unless it reads it turned or may read it twice", () => {
  const square = (turned: boolean, ...sums: readonly number[]): Template => {
    const b = new GraphBuilder({ file: "chain.sig", start: 0, end: 0 });
    const x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f32", shape: [batch("n"), batch("n")] } });
    const sorted = b.emit("sort", [x], { axis: 0 });
    const read = turned ? b.transpose(sorted, [1, 0]) : sorted;
    const y = b.exp(read);
    const outputs = [{ name: "y", value: y }, ...sums.map((axis) => ({ name: `sum${axis}`, value: b.sum(y, [axis]) }))];
    return templateOf(b.finish(outputs), target);
  };
  const arena = (t: Template): number => planOf(t, { n: 32 }).arenaBytes;
  expect(arena(square(false))).toBe(32 * 32 * 4);
  expect(arena(square(true))).toBe(2 * 32 * 32 * 4);
  // Row sums are made on the way, row sums and column sums perhaps in two.
  expect(arena(square(false, 1))).toBe(32 * 32 * 4 + 32 * 4);
  expect(arena(square(false, 1, 0))).toBe(2 * 32 * 32 * 4 + 2 * 32 * 4);
});

test("the size of a block counts as a number in a buffer's polynomial", () => {
  const plan = planOf(template, { n: 100, m: 90 }, { i: 40, j: 30 });
  expect(plan.buffers.map(({ name, size, degree }) => `${name} ${printSize(size)} ${degree}`)).toContain("mul 1200 0");
});

test("a plan reads from top to bottom", () => {
  const small = templateOf(tiledSiglip(3), target);
  const text = printPlan(planOf(small, { n: 13, m: 7 }, { i: 5, j: 4 }), {
    kernels: small.kernels,
    place: ({ file, start }) => `${file}:${start}`,
  });
  expect(text).toMatchInlineSnapshot(`
    "planref f32: n = 13, m = 7
    sweep 1: i 13 by 5, j 7 by 4
    1638 floating-point operations in contractions
    peak 1016 B at step 4: X 156 B (siglip.sig:0), dX 156 B (siglip.sig:0), Y 84 B (siglip.sig:0), dY 84 B (siglip.sig:0), mul 80 B (siglip.sig:0), t_prime 4 B (siglip.sig:0), bias 4 B (siglip.sig:0), loss 4 B (siglip.sig:0), dt 4 B (siglip.sig:0), db 4 B (siglip.sig:0), exp 4 B (siglip.sig:0), exp 4 B (siglip.sig:0)

    #0   X        given      f32[13, 3]  3*n  degree 1  156 B  0..9  -     siglip.sig:0
    #1   Y        given      f32[7, 3]   3*m  degree 1  84 B   0..9  -     siglip.sig:0
    #2   t_prime  given      f32[]       1    degree 0  4 B    0..9  -     siglip.sig:0
    #3   bias     given      f32[]       1    degree 0  4 B    0..9  -     siglip.sig:0
    #4   loss     result     f32[]       1    degree 0  4 B    2..9  @576  siglip.sig:0
    #5   dX       result     f32[13, 3]  3*n  degree 1  156 B  2..9  @0    siglip.sig:0
    #6   dY       result     f32[7, 3]   3*m  degree 1  84 B   2..9  @192  siglip.sig:0
    #7   dt       result     f32[]       1    degree 0  4 B    2..9  @640  siglip.sig:0
    #8   db       result     f32[]       1    degree 0  4 B    2..9  @704  siglip.sig:0
    #9   exp      temporary  f32[]       1    degree 0  4 B    0..7  @448  siglip.sig:0
    #10  exp      temporary  f32[]       1    degree 0  4 B    1..7  @512  siglip.sig:0
    #11  mul      block      f32[5, 4]   20   degree 0  80 B   4..6  @320  siglip.sig:0

       0  exp#9 = map k0(t_prime#2)
       1  exp#10 = map k0(t_prime#2)
       2  for i below 13 by 5
       3    for j below 7 by 4
       4      mul#11, +loss#4, +dt#7, +db#8 = contract k1(X#0[i], Y#1[j], exp#9, bias#3, exp#10)
       5      +dX#5[i] = contract k2(mul#11, Y#1[j])
       6      +dY#6[j] = contract k3(mul#11, X#0[i])
       7      free mul#11
       8  free exp#9
       9  free exp#10
    "
  `);
});

test("one axis of one batch: a tower in slices holds one slice of its hidden layer", () => {
  const b = new GraphBuilder({ file: "tower.sig", start: 0, end: 0 });
  const x = b.emit("arg", [], { index: 0, type: { dtype: "f32", shape: [batch("@row"), constant(8)] } });
  const w = b.emit("arg", [], { index: 1, type: { dtype: "f32", shape: [constant(8), constant(100)] } });
  const hidden = b.emit("tanh", [b.dot(x, w, [[1, 0]])], {});
  const out = b.sum(b.mul(hidden, hidden), [1]);
  const body = b.finish([]);
  const top = new GraphBuilder({ file: "tower.sig", start: 0, end: 0 });
  const X = top.emit("input", [], { name: "x", role: "data", type: { dtype: "f32", shape: [batch("n"), constant(8)] } });
  const W = top.emit("input", [], { name: "w", role: "param", type: { dtype: "f32", shape: [constant(8), constant(100)] } });
  const type = { dtype: "f32", shape: [batch("n")] } as const;
  const tile = top.tile({
    loops: [{ name: "row", extent: batch("n"), block: "auto" }],
    ins: [
      { value: X, slice: [0, null] },
      { value: W, slice: [null, null] },
    ],
    outs: [{ value: out, place: [0], merge: "none", by: null }],
    body,
    recomputed: [],
    types: [type],
    span: top.span,
  });
  const tower = templateOf(top.finish([{ name: "y", value: top.emit("project", [tile], { index: 0, type }) }]), target);
  // Only the row sums leave the contraction's kernel: no hidden layer is stored at all.
  expect(tower.schedule?.buffers.filter(({ role }) => role === "block")).toEqual([]);
  verifyPlan(planOf(tower, { n: 10 }, { row: 4 }), tower.kernels);
});
