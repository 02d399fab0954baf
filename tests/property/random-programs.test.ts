/** The generator and the measures that every property test stands on. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../compiler/graph/builder.js";
import { printGraph } from "../../compiler/graph/print.js";
import { batch } from "../../compiler/graph/size.js";
import { batchDegree } from "../../compiler/graph/type.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { valueOf } from "../../runtime/engines/reference/value.js";
import { arbitraryPairProgram, drawInputs, pairProgram } from "../support/arbitrary-graph.js";
import { expectClose, matrixError, scalarError } from "../support/close.js";
import { expectGradient } from "../support/finite-difference.js";

const inf = Number.POSITIVE_INFINITY;

describe("random pair programs", () => {
  const seeds = Array.from({ length: 150 }, (_, seed) => seed);

  it("apply together all that a loss over pairs is made of", () => {
    const used = new Set(seeds.flatMap((seed) => pairProgram(seed).graph.nodes.map((node) => node.op)));
    const wanted = [
      "dot",
      "select",
      "eq",
      "lt",
      "not",
      "and",
      "or",
      "iota",
      "gather",
      "broadcast",
      "transpose",
      "sum",
      "max",
      "min",
      "logsumexp",
      "argmax",
    ];
    const also = [
      "topk",
      "in_top_k",
      "softmax",
      "l2_normalize",
      "gelu",
      "log_sigmoid",
      "softplus",
      "exp",
      "log",
      "pow",
      "div",
      "size",
      "const",
    ];
    for (const op of [...wanted, ...also]) expect(used).toContain(op);
  });

  it("have a finite loss and no n×m output", () => {
    fc.assert(
      fc.property(
        arbitraryPairProgram({ outputs: true }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        (program, n, m, seed) => {
          const outputs = evaluateGraph(program.graph, drawInputs(program, { n, m }, seed), { n, m });
          for (const [name, { data }] of outputs) expect([name, data.find((x) => !Number.isFinite(x))]).toEqual([name, undefined]);
          for (const { value } of program.graph.outputs) {
            const node = program.graph.nodes[value];
            expect(node !== undefined && node.op !== "tile" && batchDegree(node.type) < 2).toBe(true);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("come back from their seed, and say it when they fail", () => {
    expect(printGraph(pairProgram(7).graph)).toBe(printGraph(pairProgram(7).graph));
    expect(fc.stringify(pairProgram(7))).toContain("program seed 7\n%0 = input");
  });

  it("make no choice by value where smooth", () => {
    const used = new Set(seeds.flatMap((seed) => pairProgram(seed, { smooth: true }).graph.nodes.map((node) => node.op)));
    for (const op of ["argmax", "topk", "in_top_k", "gt", "le"] as const) expect(used).not.toContain(op);
  });
});

describe("the measures", () => {
  const of = (...data: readonly number[]) => valueOf([data.length], data);
  it("scale by the largest expected element, and by the terms of a sum", () => {
    expect(matrixError(of(1, 2.5, -4), of(1, 2, -4))).toBe(0.125);
    expect(scalarError(0.5, 0, [3, -3, 4])).toBe(0.05);
  });
  it("take a NaN or an infinity in the wrong place for an infinite error", () => {
    expect(matrixError(of(Number.NaN, 1), of(0, 1))).toBe(inf);
    expect(matrixError(of(0, 1), of(inf, 1))).toBe(inf);
    expect(matrixError(of(-inf, 1), of(inf, 1))).toBe(inf);
    expect(matrixError(of(inf, Number.NaN, 1), of(inf, Number.NaN, 1))).toBe(0);
    expect(matrixError(of(1), of(1, 1))).toBe(inf);
    expect(scalarError(Number.NaN, 1, [1])).toBe(inf);
  });
  it("find no error between zeros and all error where zero is expected", () => {
    expect(matrixError(of(0, 0), of(0, 0))).toBe(0);
    expect(matrixError(of(1e-300, 0), of(0, 0))).toBe(inf);
    expect(() => expectClose("g", of(1e-300, 0), of(0, 0), 1e-12)).toThrow(/g: error Infinity is above/);
    expectClose("g", of(1e-300, 0), of(0, 0), 1e-12, 1e-3);
  });
});

describe("the slope of a loss", () => {
  /** Σ sigmoid(x) and `factor` times its gradient. */
  const graph = (factor: number) => {
    const b = new GraphBuilder({ file: "slope.sig", start: 0, end: 0 });
    const x = b.emit("input", [], { name: "x", role: "data", type: { dtype: "f32", shape: [batch("n")] } });
    const s = b.sigmoid(x);
    const slope = b.mul(b.mul(s, b.sub(b.constLike(1, s), s)), b.constLike(factor, s));
    return b.finish([
      { name: "loss", value: b.sum(s, [0]) },
      { name: "grad.x", value: slope },
    ]);
  };
  const check = (factor: number) =>
    expectGradient({ graph: graph(factor), wrt: ["x"], inputs: new Map([["x", valueOf([3], [0.3, -1, 2])]]), dims: { n: 3 }, seed: 5 });

  it("agrees with a right gradient", () => check(1));
  it("shows a gradient that is off by a millionth, with its seed", () =>
    expect(() => check(1 + 1e-6)).toThrow(/seed 5: the gradient says/));
});
