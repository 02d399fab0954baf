/** What `differentiate` hands back: outputs, zeros, diagnostics. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { valueOf } from "../../../runtime/engines/reference/value.js";

function gradients(text: string, wrt: readonly string[]): Graph {
  const result = differentiate(parseGraph(text), { of: "loss", wrt });
  if (result.graph === null) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.graph;
}

const square = `
  %x = input "x" : f32[n]
  %y = input "y" : f32[n]
  %s = mul %x, %x
  %l = sum %s {axes = [0]}
  output "loss" = %l
  output "squares" = %s`;

describe("outputs", () => {
  test("are kept, and gradients follow in the order asked for", () => {
    expect(gradients(square, ["y", "x"]).outputs.map((output) => output.name)).toEqual(["loss", "squares", "grad.y", "grad.x"]);
  });
  test("an input that the loss does not read has zeros of its shape, not a missing output", () => {
    const x = valueOf([3], [1, 2, 3]);
    const result = evaluateGraph(
      gradients(square, ["y"]),
      new Map([
        ["x", x],
        ["y", x],
      ]),
      { n: 3 },
    );
    expect(result.get("grad.y")).toEqual(valueOf([3], [0, 0, 0]));
  });
  test("an input that nobody asked for costs no nodes", () => {
    const count = (wrt: readonly string[]): number => gradients(square, wrt).nodes.length;
    expect(count([])).toBe(parseGraph(square).nodes.length);
  });
  test("a loss that is itself an input has gradient 1", () => {
    const graph = gradients('%t = input "t" : f32[]\noutput "loss" = %t', ["t"]);
    expect(evaluateGraph(graph, new Map([["t", valueOf([], [7])]]), {}).get("grad.t")).toEqual(valueOf([], [1]));
  });
  test("two runs give the same text", () => {
    expect(printGraph(gradients(square, ["x", "y"]))).toBe(printGraph(gradients(square, ["x", "y"])));
  });
  test("gradient nodes carry the span of the node they come from, and that they are on the way back", () => {
    const graph = gradients('%x = input "x" : f32[]\n%e = exp %x : f32[] @"a.sig":10:13\noutput "loss" = %e', ["x"]);
    expect(graph.nodes.at(-1)?.span).toEqual({ file: "a.sig", start: 10, end: 13, back: true });
  });
});

describe("an op without a gradient", () => {
  const sorted = (between: string): string => `
    %x = input "x" : f32[n]
    %w = input "w" : f32[n]
    %a = ${between} %x
    %s = sort %a {axis = 0} : f32[n] @"a.sig":7:14
    %m = mul %s, %w
    %l = sum %m {axes = [0]}
    output "loss" = %l`;
  test("is the user's mistake where the loss depends on a wanted input through it: data with the op's place", () => {
    const result = differentiate(parseGraph(sorted("exp")), { of: "loss", wrt: ["x", "w"] });
    expect(result.graph).toBeNull();
    expect(result.diagnostics).toMatchObject([{ code: "SIG4001", severity: "error", span: { file: "a.sig", start: 7, end: 14 } }]);
    expect(result.diagnostics[0]?.message).toMatch(/depends on x through sort/);
    expect(result.diagnostics[0]?.help).toEqual(["wrap it in stop_gradient(…) if no gradient should flow through it"]);
  });
  test("is fine behind stop_gradient, or where only another input's gradient is wanted", () => {
    expect(differentiate(parseGraph(sorted("stop_gradient")), { of: "loss", wrt: ["x"] }).graph).not.toBeNull();
    expect(differentiate(parseGraph(sorted("exp")), { of: "loss", wrt: ["w"] }).graph).not.toBeNull();
  });
});

describe("our own mistakes throw", () => {
  test.each([
    ["an output that is not there", square, "lose", ["x"], /no output "lose"/],
    ["an input that is not there", square, "loss", ["z"], /no input "z"/],
    ["a loss that is no scalar", square, "squares", ["x"], /not a float scalar/],
    ["an integer input", '%k = input "k" : i32[]\n%f = cast %k : f32[]\noutput "loss" = %f', "loss", ["k"], /not a float/],
  ])("%s", (_, text, of, wrt, message) => {
    expect(() => differentiate(parseGraph(text), { of, wrt })).toThrow(message);
  });
});
