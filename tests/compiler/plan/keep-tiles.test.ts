/** Tiles that a later sweep reads again: which sweeps agree, how many tiles a budget keeps, and what the plan says of it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bind } from "../../../compiler/bind.js";
import type { Kernel } from "../../../compiler/kernel/kernel.js";
import type { Extent, LoopId, Plan, PlanStatement } from "../../../compiler/plan/plan.js";
import { printStatements } from "../../../compiler/plan/print-plan.js";
import { escapes, verifyPlan } from "../../../compiler/plan/verify-plan.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { compileText } from "../../support/compile-text.js";
import { planOf } from "../../support/plan-graph.js";

const target = createPlanrefEngine().target("f32");
const clip = readFileSync(new URL("../../../pipelines/clip.sig", import.meta.url), "utf8");
const { template } = compileText(clip, { target });

function bound(n: number, memoryBytes?: number): Plan {
  const { plan, diagnostics } = bind(template, { n }, memoryBytes === undefined ? {} : { memoryBytes });
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}
const [tileBytes, n] = [512 * 512 * 4, 4096];

describe("what is kept", () => {
  const free = bound(n);

  test("none without a budget where a tile fills the scratch, and both sweeps have blocks of one size all the same", () => {
    expect(free.kept).toMatchObject([{ count: 0, of: 64, bytes: 0 }]);
    expect(new Set(free.tiles.map(({ loops }) => loops.map(({ block }) => block).join()))).toEqual(new Set(["512,512"]));
    expect(free.buffers.filter(({ name }) => name === "kept")).toEqual([]);
  });
  test("what is left of the scratch, without a budget", () => {
    expect(bound(200).kept).toMatchObject([{ count: 1, of: 1 }]);
  });
  test("as many tiles as the budget leaves room for, all where it does for all", () => {
    for (const room of [1, 5, 63, 64, 1000]) {
      const memoryBytes = free.peakBytes + room * tileBytes;
      const plan = bound(n, memoryBytes);
      const count = Math.min(room, 64);
      expect(plan.kept).toMatchObject([{ count, of: 64, bytes: count * tileBytes }]);
      expect(plan.peakBytes).toBeLessThanOrEqual(memoryBytes);
      expect(escapes(plan)).toEqual([]);
      // Each tile that is kept saves its contraction: 2 · 512 · 512 · 512 operations.
      expect(free.flops - plan.flops).toBe(count * 2 * 512 ** 3);
    }
  });
  test("nothing where an element costs less to make than to store and load", () => {
    const narrow = compileText(clip, { target, sets: { width: "32" } }).template;
    const plan = bind(narrow, { n }, { memoryBytes: 2 ** 30 }).plan;
    expect(plan?.kept).toMatchObject([{ count: 0, of: 64 }]);
  });
  test("the sweep that makes the tiles and the sweep that reads them choose alike, tile by tile", () => {
    const lines = printStatements(bound(n, free.peakBytes + 5 * tileBytes), template.kernels).map((line) => line.slice(6));
    const choices = lines.flatMap((line, k) => (line.includes("in the first") ? [lines.slice(k, k + 4).map((l) => l.trim())] : []));
    expect(choices).toEqual([
      [
        "in the first 5 turns",
        expect.stringMatching(/kept#\d+\[i, j\] = contract/),
        "else",
        expect.stringMatching(/^(?!.*kept).* = contract/),
      ],
      [
        "in the first 5 turns",
        expect.stringMatching(/= contract k\d+\(.*kept#\d+\[i, j\]\)/),
        "else",
        expect.stringMatching(/^(?!.*kept).* = contract/),
      ],
    ]);
  });
  test("another similarity is another tile", () => {
    const keeps = (left: string): number => {
      const text = `pipeline p {
        batch n
        input x: f32[n, 64]
        input y: f32[n, 64]
        input z: f32[n, 64]
        lse[i] = logsumexp[j](dot(x[i], y[j]))
        loss = sum[i, j](softplus(dot(${left}[i], y[j]) - lse[i]))
      }`;
      return compileText(text, { target, gradients: false }).template.schedule?.keeps.length ?? 0;
    };
    expect([keeps("x"), keeps("z")]).toEqual([1, 0]);
  });
  test("one sweep keeps nothing", () => {
    const siglip = compileText(clip.replace(/per_image.*\n.*\n.*\n/, "loss = sum[i, j](softplus(logits[i, j]))\n"), { target }).template;
    expect(siglip.schedule?.keeps).toEqual([]);
  });
});

describe("operations", () => {
  /** Every block, one after the other. */
  function walked(plan: Plan, kernels: readonly Kernel[]): number {
    const blocks = new Map<LoopId, { start: number; length: number; step: number; extent: number }>();
    const at = (extent: Extent): number =>
      typeof extent === "number"
        ? extent
        : extent.reduce((sum, { coef, loops }) => sum + loops.reduce((p, loop) => p * (blocks.get(loop)?.length ?? 0), coef), 0);
    const run = (list: readonly PlanStatement[]): number => list.reduce((sum, statement) => sum + one(statement), 0);
    const one = (statement: PlanStatement): number => {
      switch (statement.kind) {
        case "for": {
          const { loop, extent, step, body } = statement;
          let sum = 0;
          for (let start = 0; start < extent; start += step) {
            blocks.set(loop, { start, length: Math.min(step, extent - start), step, extent });
            sum += run(body);
          }
          return sum;
        }
        case "choose": {
          const turn = statement.loops.reduce<number>((before, loop) => {
            const { start, step, extent } = blocks.get(loop) ?? { start: 0, step: 1, extent: 0 };
            return before * Math.ceil(extent / step) + start / step;
          }, 0);
          return run(turn < statement.below ? statement.early : statement.late);
        }
        case "call": {
          const kernel = kernels[statement.kernel];
          const adds = kernel?.form === "contract" && kernel.kept === undefined;
          return adds ? 2 * statement.extents.reduce<number>((p, extent) => p * at(extent), 1) : 0;
        }
        default:
          return 0;
      }
    };
    return run(plan.statements);
  }

  test.each([
    [37, 8, 5],
    [16, 4, 4],
    [7, 7, 3],
    [5, 1, 2],
  ])("n = %i in blocks of %i × %i: counted without walking, as walked, whatever is kept", (size, i, j) => {
    const total = Math.ceil(size / i) * Math.ceil(size / j);
    for (let count = 0; count <= total; count++) {
      const plan = planOf(template, { n: size }, { i, j }, [count]);
      expect([count, plan.flops]).toEqual([count, walked(plan, template.kernels)]);
    }
  });
});

describe("the verifier refuses", () => {
  const plan = planOf(template, { n: 13 }, { i: 5, j: 4 }, [6]);
  type Choose = Extract<PlanStatement, { kind: "choose" }>;
  function change(edit: (choose: Choose, k: number) => Choose): Plan {
    let k = 0;
    const walk = (list: readonly PlanStatement[]): readonly PlanStatement[] =>
      list.map((s) => (s.kind === "for" ? { ...s, body: walk(s.body) } : s.kind === "choose" ? edit(s, k++) : s));
    return { ...plan, statements: walk(plan.statements) };
  }
  const [maker, reader] = [0, 1];
  const cases: readonly (readonly [string, Plan, RegExp])[] = [
    [
      "a sweep that reads more tiles than are kept",
      change((c, k) => (k === reader ? { ...c, below: 7 } : c)),
      /read at step \d+ before it is written/,
    ],
    ["more tiles than there is room for", change((c) => ({ ...c, below: 7 })), /reaches element \d+ of 120/],
    ["a tile that is read where none is kept", change((c, k) => (k === reader ? { ...c, late: c.early } : c)), /before it is written/],
    ["a block that only some tiles make", change((c, k) => (k === reader ? { ...c, late: [] } : c)), /before it is written/],
    ["a choice that is none", change((c, k) => (k === maker ? { ...c, below: 12 } : c)), /no other/],
    ["a count of other loops", change((c, k) => (k === maker ? { ...c, loops: c.loops.toReversed() } : c)), /other loops/],
  ];
  test("(the plan itself is sound)", () => verifyPlan(plan, template.kernels));
  test.each(cases)("%s", (_, broken, message) => expect(() => verifyPlan(broken, template.kernels)).toThrow(message));
});
