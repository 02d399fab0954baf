/** Every spelling gives its sweeps and contractions, and its loss and gradients equal the closed form. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Graph, isTile, type Tile } from "../../compiler/graph/graph.js";
import { axesOf } from "../../compiler/passes/sweeps/axes.js";
import { batchDegree } from "../../compiler/graph/type.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { compileText } from "../support/compile-text.js";
import { expectClose } from "../support/close.js";
import { dense, draw, expectClosedForm, inputsOf, parameters, programOf, scalar } from "./case.js";
import { sigmoid, siglip, softplus } from "./losses.js";
import { add, map, type Matrix, total, transpose } from "./matrix.js";
import { lossScale, selfSimilarity, spellings, twoTemperatures } from "./programs.js";
import { gradientsOf, logitsOf, normalise } from "./similarity.js";

const tilesOf = (graph: Graph): readonly Tile[] => graph.nodes.filter(isTile);

/** Contractions whose result is a pair value: distinct similarities, without what a later sweep computes again. */
function similarities(graph: Graph): number {
  return tilesOf(graph).reduce((sum, tile) => {
    const again = new Set(tile.recomputed);
    return (
      sum + tile.body.nodes.filter((node) => !isTile(node) && node.op === "dot" && axesOf(node).length === 2 && !again.has(node.id)).length
    );
  }, 0);
}

function expectNothingPaired(graph: Graph): void {
  for (const node of graph.nodes) if (!isTile(node)) expect(batchDegree(node.type), `%${node.id} ${node.op}`).toBeLessThan(2);
}

type Case = { readonly n: number; readonly m: number; readonly blocks: { readonly i: number; readonly j: number } };
const cases: readonly Case[] = [
  { n: 13, m: 9, blocks: { i: 5, j: 4 } },
  { n: 7, m: 11, blocks: { i: 7, j: 64 } },
  { n: 1, m: 1, blocks: { i: 1, j: 1 } },
];
const tolerance = 1e-12;

describe("each spelling becomes what it must", () => {
  for (const spelling of spellings)
    describe(spelling.name, () => {
      const { template } = compileText(programOf(spelling));
      test(`${spelling.sweeps} sweep(s), ${spelling.contractions} similarity contraction(s), nothing n×m outside`, () => {
        expect(tilesOf(template.graph).length).toBe(spelling.sweeps);
        expect(similarities(template.graph)).toBe(spelling.contractions);
        expectNothingPaired(template.graph);
      });
      for (const { n, m, blocks } of cases)
        test(`loss and gradients equal the closed form at n = ${n}, m = ${spelling.rectangular ? m : n}, blocks ${blocks.i} × ${blocks.j}`, () => {
          const drawn = draw(n, spelling.rectangular ? m : n, 7 * n + m);
          const actual = evaluateGraph(template.graph, inputsOf(drawn), { n, m: drawn.y.rows }, { blocks });
          expectClosedForm(spelling, drawn, actual, tolerance);
        });
    });
});

describe("the shipped SigLIP pipeline, from unnormalised embeddings", () => {
  test("loss and every gradient, through the normalisation and back", () => {
    const text = readFileSync(new URL("../../pipelines/siglip.sig", import.meta.url), "utf8");
    const { template } = compileText(text, { sets: { width: "5" } });
    const { x: u, y: v } = draw(13, 13, 3);
    const [image, caption] = [normalise(u), normalise(v)];
    const { loss, G } = siglip(logitsOf(image.x, caption.x, parameters));
    const expected = gradientsOf(G, image.x, caption.x, parameters);
    const inputs = new Map([
      ["image", dense(u)],
      ["text", dense(v)],
      ["t_prime", scalar(parameters.tPrime)],
      ["bias", scalar(parameters.bias)],
    ]);
    const actual = evaluateGraph(template.graph, inputs, { n: 13 }, { blocks: { i: 5, j: 4 } });
    expect(actual.get("loss")?.data[0]).toBeCloseTo(loss, 11);
    expectClose("grad.image", actual.get("grad.image"), dense(image.back(expected.x)), tolerance);
    expectClose("grad.text", actual.get("grad.text"), dense(caption.back(expected.y)), tolerance);
    expect(actual.get("grad.t_prime")?.data[0]).toBeCloseTo(expected.t_prime, 11);
    expect(actual.get("grad.bias")?.data[0]).toBeCloseTo(expected.bias, 11);
  });
});

describe("spellings with parameters or shapes of their own", () => {
  const n = 11;
  const drawn = draw(n, n, 5);
  const { x, y } = drawn;
  const blocks = { i: 4, j: 3 };
  const valueOf = (result: ReadonlyMap<string, { data: ArrayLike<number> }>, name: string): number =>
    result.get(name)?.data[0] ?? Number.NaN;

  test("a learned loss scale: one sweep, and its own gradient", () => {
    const { template } = compileText(programOf(lossScale));
    expect([tilesOf(template.graph).length, similarities(template.graph)]).toEqual([lossScale.sweeps, lossScale.contractions]);
    const s = 0.3;
    const plain = siglip(logitsOf(x, y, parameters));
    const expected = gradientsOf(
      map(plain.G, (g) => g * Math.exp(-s)),
      x,
      y,
      parameters,
    );
    const actual = evaluateGraph(template.graph, new Map([...inputsOf(drawn), ["s", scalar(s)]]), { n }, { blocks });
    expect(valueOf(actual, "loss")).toBeCloseTo(Math.exp(-s) * plain.loss + s, 11);
    expect(valueOf(actual, "grad.s")).toBeCloseTo(1 - Math.exp(-s) * plain.loss, 11);
    expectClose("grad.x", actual.get("grad.x"), dense(expected.x), tolerance);
    expectClose("grad.y", actual.get("grad.y"), dense(expected.y), tolerance);
  });

  test("a self-similarity: both roles of x add up", () => {
    const { template } = compileText(programOf(selfSimilarity));
    expect([tilesOf(template.graph).length, similarities(template.graph)]).toEqual([selfSimilarity.sweeps, selfSimilarity.contractions]);
    const { loss, G } = selfSimilarity.closed(logitsOf(x, x, parameters));
    const expected = gradientsOf(add(G, transpose(G)), x, x, parameters);
    const actual = evaluateGraph(template.graph, inputsOf(drawn), { n }, { blocks });
    expect(valueOf(actual, "loss")).toBeCloseTo(loss, 11);
    expectClose("grad.x", actual.get("grad.x"), dense(expected.x), tolerance);
    expect(valueOf(actual, "grad.t_prime")).toBeCloseTo(expected.t_prime / 2, 10);
  });

  test("two temperatures over one similarity: their cotangents meet before the one pair of contractions", () => {
    const { template } = compileText(programOf(twoTemperatures));
    expect([tilesOf(template.graph).length, similarities(template.graph)]).toEqual([twoTemperatures.sweeps, twoTemperatures.contractions]);
    const exits = tilesOf(template.graph).flatMap((tile) =>
      tile.outs.map((out) => tile.body.nodes.find((node) => node.id === out.value)?.op),
    );
    expect(exits.filter((op) => op === "dot").length).toBe(2);
    const [first, second] = [parameters, { tPrime: Math.log(3), bias: 0.5 }];
    const z = (i: number, j: number): number => (i === j ? 1 : -1);
    const [l1, l2] = [logitsOf(x, y, first), logitsOf(x, y, second)];
    const G = (l: Matrix): Matrix => map(l, (v, i, j) => (-z(i, j) * sigmoid(-z(i, j) * v)) / n);
    const [g1, g2] = [gradientsOf(G(l1), x, y, first), gradientsOf(G(l2), x, y, second)];
    const loss = (total(l1, (v, i, j) => softplus(-z(i, j) * v)) + total(l2, (v, i, j) => softplus(-z(i, j) * v))) / n;
    const inputs = new Map([...inputsOf(drawn), ["u_prime", scalar(second.tPrime)], ["offset", scalar(second.bias)]]);
    const actual = evaluateGraph(template.graph, inputs, { n }, { blocks });
    expect(valueOf(actual, "loss")).toBeCloseTo(loss, 11);
    expectClose("grad.x", actual.get("grad.x"), dense(add(g1.x, g2.x)), tolerance);
    expectClose("grad.y", actual.get("grad.y"), dense(add(g1.y, g2.y)), tolerance);
    expect(valueOf(actual, "grad.u_prime")).toBeCloseTo(g2.t_prime, 11);
    expect(valueOf(actual, "grad.offset")).toBeCloseTo(g2.bias, 11);
  });
});
