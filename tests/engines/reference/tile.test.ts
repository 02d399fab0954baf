/** A tile gives what its body would give over the whole, whatever the blocks. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../../compiler/graph/graph.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { verify } from "../../../compiler/graph/verify.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { type Value, valueOf } from "../../../runtime/engines/reference/value.js";
import { expectClose } from "../../support/close.js";
import { randomFrom } from "../../support/random.js";

const inputs = `%x = input "x" : f32[n, 3]
%y = input "y" : f32[m, 3]
`;
/** Logits without their diagonal, and everything that may leave a sweep. */
const body = (x: string, y: string, i: string, j: string, rows: string, columns: string): string => `
%l = dot ${x}, ${y} {contract = [[1, 1]]}
%bi = broadcast ${i} {axes = [0]} : i32[${rows}, ${columns}]
%bj = broadcast ${j} {axes = [1]} : i32[${rows}, ${columns}]
%same = eq %bi, %bj
%off = const -inf : f32[]
%boff = broadcast %off : f32[${rows}, ${columns}]
%g = select %same, %boff, %l
%total = sum %l {axes = [0, 1]}
%dx = dot %l, ${y} {contract = [[1, 0]]}
%dy = dot %l, ${x} {contract = [[0, 0]]}
%high = max %g {axes = [1]}
%low = min %l {axes = [0]}
%lse = logsumexp %g {axes = [1]}
%all = logsumexp %g {axes = [0, 1]}
%at0 = argmax %g {axis = 1}
%best = topk %g {axis = 1, k = 3}
%bestat0 = topk_index %g {axis = 1, k = 3}
%top = topk %g {axis = 0, k = 2}
`;
const types = {
  l: "f32[n, m]",
  total: "f32[]",
  dx: "f32[n, 3]",
  dy: "f32[m, 3]",
  high: "f32[n]",
  low: "f32[m]",
  lse: "f32[n]",
  all: "f32[]",
  at: "i32[n]",
  best: "f32[n, 3]",
  bestat: "i32[n, 3]",
  top: "f32[2, m]",
};
const results = Object.keys(types);
const outputs = results.map((name) => `output "${name}" = %${name}\n`).join("");
const projections = Object.entries(types)
  .map(([name, type], k) => `%${name} = project %t {index = ${k}} : ${type}\n`)
  .join("");

const whole = parseGraph(`${inputs}
%i = iota : i32[n]
%j = iota : i32[m]
${body("%x", "%y", "%i", "%j", "n", "m")}
%at = gather %j, %at0 {axis = 0}
%bestat = gather %j, %bestat0 {axis = 0}
${outputs}`);

/** topk_index names no element by 2147483647, which gather would read as 0. */
const tiled = parseGraph(`${inputs}
%t = tile (i: n by auto, j: m by auto) (%x[i, _], %y[j, _]) -> (none %l[i, j] : f32[n, m], sum %total : f32[], sum %dx[i, _] : f32[n, 3], sum %dy[j, _] : f32[m, 3],
  max %high[i] : f32[n], min %low[j] : f32[m], logsumexp %lse[i] : f32[n], logsumexp %all : f32[], argmax %at[i] by 4 : i32[n],
  topk %best[i, _] : f32[n, 3], topk_index %bestat[i, _] by 9 : i32[n, 3], topk %top[_, j] : f32[2, m]) {
%x = arg {index = 0} : f32[@i, 3]
%y = arg {index = 1} : f32[@j, 3]
%i = loop_index {loop = 0} : i32[@i]
%j = loop_index {loop = 1} : i32[@j]
${body("%x", "%y", "%i", "%j", "@i", "@j")}
%at = gather %j, %at0 {axis = 0}
%taken = gather %j, %bestat0 {axis = 0}
%none = const 2147483647 : i32[]
%bnone = broadcast %none : i32[@i, 3]
%missing = eq %bestat0, %bnone
%bestat = select %missing, %bnone, %taken
}
${projections}${outputs}`);

const draw = (rows: number, element: () => number): Value => valueOf([rows, 3], Array.from({ length: rows * 3 }, element));

function expectSame(n: number, m: number, blocks: Readonly<Record<string, number>>, element: () => number): void {
  const given = new Map([
    ["x", draw(n, element)],
    ["y", draw(m, element)],
  ]);
  const [expected, actual] = [evaluateGraph(whole, given, { n, m }), evaluateGraph(tiled, given, { n, m }, { blocks })];
  for (const name of results.filter((r) => r !== "bestat")) expectClose(name, actual.get(name), expected.get(name), 1e-12, 1e-3);
  // Where there are fewer than 3, the whole graph's gather reads 0.
  const present = (expected.get("best")?.data ?? []) as Float64Array;
  present.forEach((value, k) => {
    if (value !== Number.NEGATIVE_INFINITY) expect(actual.get("bestat")?.data[k], `bestat ${k}`).toBe(expected.get("bestat")?.data[k]);
  });
}

const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 67 }));
const block = fc.integer({ min: 1, max: 70 });

describe("a tile", () => {
  it("is well formed", () => verify(tiled, "tiled"));

  it("gives the untiled values for any block sizes", () =>
    fc.assert(
      fc.property(size, size, block, block, fc.nat(), (n, m, i, j, seed) => expectSame(n, m, { i, j }, randomFrom(seed).normal)),
      { numRuns: 60 },
    ));

  it("breaks ties to the lower index across blocks too", () =>
    fc.assert(
      fc.property(size, size, block, block, fc.nat(), (n, m, i, j, seed) => {
        const random = randomFrom(seed);
        expectSame(n, m, { i, j }, () => random.below(3) - 1);
      }),
      { numRuns: 60 },
    ));

  it("gives the merge's neutral value over no block", () => {
    const given = new Map([
      ["x", draw(2, () => 1)],
      ["y", draw(0, () => 1)],
    ]);
    const out = evaluateGraph(tiled, given, { n: 2, m: 0 });
    const inf = Number.POSITIVE_INFINITY;
    expect([...(out.get("lse")?.data ?? [])]).toEqual([-inf, -inf]);
    expect([...(out.get("high")?.data ?? [])]).toEqual([-inf, -inf]);
    expect([...(out.get("at")?.data ?? [])]).toEqual([2147483647, 2147483647]);
    expect([...(out.get("dx")?.data ?? [])]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(out.get("total")?.data[0]).toBe(0);
  });

  const summed = (by: string): Graph =>
    parseGraph(`%x = input "x" : f64[n]
%t = tile (i: n by ${by}) (%x[i]) -> (sum %s : f64[]) {
  %a = arg {index = 0} : f64[@i]
  %s = sum %a {axes = [0]}
}
%s = project %t {index = 0} : f64[]
output "s" = %s`);
  const cancelling = new Map([["x", valueOf([4], [1, 1e16, -1e16, 1])]]);

  it("sums block by block, in order", () => {
    // ((1 + 1e16) + (−1e16 + 1)) loses both ones, (1 + 1e16 − 1e16) + 1 the first.
    expect(evaluateGraph(summed("2"), cancelling, { n: 4 }).get("s")?.data[0]).toBe(1e16 + (-1e16 + 1));
    expect(evaluateGraph(summed("3"), cancelling, { n: 4 }).get("s")?.data[0]).toBe(1);
  });

  it("keeps a block size that the graph states", () => {
    expect(evaluateGraph(summed("2"), cancelling, { n: 4 }, { blocks: { i: 3 } }).get("s")?.data[0]).toBe(1e16 + (-1e16 + 1));
    expect(evaluateGraph(summed("auto"), cancelling, { n: 4 }, { blocks: { i: 3 } }).get("s")?.data[0]).toBe(1);
  });

  it("reads sizes as the whole's and runs another tile in its body", () => {
    const graph = parseGraph(`%x = input "x" : f32[n, m]
%t = tile (i: n by 2) (%x[i, _]) -> (sum %r : f32[]) {
  %a = arg {index = 0} : f32[@i, m]
  %u = tile (j: m by 3) (%a[_, j]) -> (sum %s[_] : f32[@i]) {
    %b = arg {index = 0} : f32[@i, @j]
    %s = sum %b {axes = [1]}
  }
  %v = project %u {index = 0} : f32[@i]
  %n = size n : f32[]
  %q = sum %v {axes = [0]}
  %r = div %q, %n
}
%s = project %t {index = 0} : f32[]
output "s" = %s`);
    verify(graph, "tiled");
    const given = new Map([
      [
        "x",
        valueOf(
          [3, 4],
          Array.from({ length: 12 }, (_, k) => k),
        ),
      ],
    ]);
    expect(evaluateGraph(graph, given, { n: 3, m: 4 }).get("s")?.data[0]).toBeCloseTo(22, 12);
  });
});
