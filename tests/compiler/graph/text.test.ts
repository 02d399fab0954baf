import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph } from "../../../compiler/graph/graph.js";
import { GraphSyntaxError, parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { batch, constant } from "../../../compiler/graph/size.js";
import { arbitraryPairProgram } from "../../support/arbitrary-graph.js";
import { everyOp } from "../../support/every-op.js";

const span = { file: 'a "b"\\c.sig', start: 12, end: 34 };

/** Ids of a builder's graph are dense, so the graph that comes back is the same object tree. */
function expectRoundTrip(graph: Graph): void {
  const text = printGraph(graph);
  const back = parseGraph(text);
  expect(back).toEqual(graph);
  expect(printGraph(back)).toBe(text);
}

const tileText = `%0 = input "X" : f32[n, 64]
%1 = input "Y" : f32[m, 64]
%2 = const 3 : f32[]
%3 = tile (i: n by auto, j: m by 512) (%0[i, _], %1[j, _], %2) -> (sum %4 : f32[], none %3[i, j] : f32[n, m], max %5[i] : f32[n], argmax %8[i] by 2 : i32[n]) {
  %0 = arg {index = 0} : f32[@i, 64]
  %1 = arg {index = 1} : f32[@j, 64]
  %2 = arg {index = 2} : f32[]
  %3 = dot %0, %1 {contract = [[1, 1]]} : f32[@i, @j]
  %4 = sum %3 {axes = [0, 1]} : f32[]
  %5 = max %3 {axes = [1]} : f32[@i]
  %6 = argmax %3 {axis = 1} : i32[@i]
  %7 = loop_index {loop = 1} : i32[@j]
  %8 = gather %7, %6 {axis = 0} : i32[@i]
} recomputed [%3]
%4 = project %3 {index = 0} : f32[]
output "loss" = %4
`;

describe("graph text", () => {
  it("comes back node by node for every op, with spans, attributes and outputs", () => expectRoundTrip(everyOp()));

  it("comes back for random programs", () =>
    fc.assert(
      fc.property(arbitraryPairProgram({ outputs: true }), ({ graph }) => expectRoundTrip(graph)),
      { numRuns: 60 },
    ));

  it.each([Number.NaN, Infinity, -Infinity, -0, 0, 1e21, 5e-324, 1.7976931348623157e308, 0.1, -1 / 3, 2 ** 53])(
    "keeps the constant %s to the bit",
    (value) => {
      const b = new GraphBuilder(span);
      const graph = b.finish([{ name: "loss", value: b.const(value, "f64") }]);
      const node = parseGraph(printGraph(graph)).nodes[0];
      expect(node?.op === "const" && Object.is(node.attrs.value, value)).toBe(true);
    },
  );

  it("keeps any double", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const b = new GraphBuilder(span);
        b.const(value);
        const node = parseGraph(printGraph(b.finish([]))).nodes[0];
        expect(node?.op === "const" && Object.is(node.attrs.value, value)).toBe(true);
      }),
    );
  });

  it("prints names of inputs and files as strings, whatever they hold", () => {
    const b = new GraphBuilder(span);
    const x = b.emit("input", [], { name: 'img."x"\n%1 // é', role: "state", type: { dtype: "bf16", shape: [batch("n"), constant(3)] } });
    expectRoundTrip(b.finish([{ name: 'a "b"', value: x }]));
  });

  it("comes back with a tile and its body", () => {
    const graph = parseGraph(tileText, { span });
    expect(printGraph(graph, { spans: false })).toBe(tileText);
    expectRoundTrip(graph);
  });

  it("renumbers sparse ids by print order", () => {
    const graph = parseGraph(tileText);
    const sparse: Graph = {
      nodes: graph.nodes.map((node) =>
        node.op === "tile"
          ? { ...node, id: node.id * 10 + 7, ins: node.ins.map((i) => ({ ...i, value: i.value * 10 + 7 })) }
          : { ...node, id: node.id * 10 + 7, ins: node.ins.map((i) => i * 10 + 7) },
      ),
      outputs: graph.outputs.map(({ name, value }) => ({ name, value: value * 10 + 7 })),
    };
    expect(printGraph(sparse, { spans: false })).toBe(tileText);
  });

  it("reads what a person writes: names, comments, no types, any spacing", () => {
    const graph = parseGraph(`
      // logits
      %X = input "X" : f32[n, 4]   %l = dot %X, %X {contract = [[1, 1]], batch = []} // n×n
      %loss = sum %l {axes = [0, 1]}
      output "loss" = %loss`);
    expect(printGraph(graph, { spans: false })).toBe(`%0 = input "X" : f32[n, 4]
%1 = dot %0, %0 {contract = [[1, 1]]} : f32[n, n]
%2 = sum %1 {axes = [0, 1]} : f32[]
output "loss" = %2
`);
  });

  it("reads an empty graph", () => expect(parseGraph("")).toEqual({ nodes: [], outputs: [] }));

  const bad: readonly (readonly [text: string, place: string, message: RegExp])[] = [
    ["%0 = foo", "1:6", /no op is called foo/],
    ["%0 = toString", "1:6", /no op is called toString/],
    ["%0 = neg %1", "1:10", /%1 is not defined/],
    ["%0 = iota", "1:10", /state its result type/],
    ["%0 = const : f32[]", "1:12", /a number/],
    ["%0 = const 1.5.2 : f32[]", "1:12", /a number/],
    ["%0 = const 1 : f33[]", "1:16", /a type/],
    ["%0 = const 1 : f32[2]", "1:6", /gives f32\[\], but the text states f32\[2\]/],
    ['%0 = input "x" : f32[n]\n%1 = sum %0 : f32[]', "2:13", /needs the attribute axes/],
    ['%0 = input "x" : f32[n]\n%1 = sum %0 {axes = [0], axes = [0]}', "2:26", /given twice/],
    ['%0 = input "x" : f32[n]\n%1 = sum %0 {axis = 0}', "2:14", /no attribute axis; it has axes/],
    ['%0 = input "x" : f32[n]\n%1 = sum %0 {axes = [1]}', "2:1", /axis 1 is out of range/],
    ['%0 = input "x" : f32[n]\n%1 = add %0', "2:6", /takes 2 operands, got 1/],
    ['%0 = input "x" : f32[n]\n%1 = neg %0 : f32[m]', "2:6", /gives f32\[n\]/],
    ['%0 = input "x" : f32[n]\n%0 = neg %0', "2:1", /defined twice/],
    ['%0 = input "x" {role = prince} : f32[n]', "1:24", /expected data or param/],
    ['%0 = input "x : f32[n]', "1:12", /a string/],
    ['%0 = input "x\\q" : f32[n]', "1:12", /bad escape/],
    ['output "a" = %7', "1:14", /%7 is not defined/],
    ['%0 = const 1 : f32[] output "a" = %0 output "a" = %0', "1:45", /second output/],
    ["%0 = const 1 : f32[] nonsense", "1:22", /expected a node/],
    ["%0 = tile (i: n by auto) () -> (none %1[k] : f32[n]) {}", "1:41", /no loop is called k/],
    ["%0 = tile (i: n by auto) () -> (none %1[i] : f32[n]) {}", "1:38", /the body has no %1/],
    ["%0 = tile (i: n by auto) () -> (avg %1[i] : f32[n]) {}", "1:33", /found avg/],
    ["%0 = const 1 : f32[n^", "1:21", /","/],
  ];
  it.each(bad)("refuses %j at %s", (text, place, message) => {
    const error = (() => {
      try {
        parseGraph(text);
      } catch (e) {
        return e;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(GraphSyntaxError);
    expect((error as GraphSyntaxError).message).toMatch(message);
    expect(`${(error as GraphSyntaxError).line}:${(error as GraphSyntaxError).column}`).toBe(place);
  });

  it("refuses a text that nests without end instead of running out of stack", () => {
    expect(() => parseGraph("%0 = tile () () -> () {".repeat(100_000))).toThrow(/nested more than/);
  });

  it("never fails but with a place, whatever it is given", () => {
    const text = printGraph(everyOp());
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 12 }), (at, cut, insert) => {
        try {
          parseGraph(text.slice(0, at) + insert + text.slice(at + cut));
        } catch (error) {
          expect(error).toBeInstanceOf(GraphSyntaxError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
