import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompose } from "../../../compiler/graph/decompose.js";
import type { Graph, GraphNode } from "../../../compiler/graph/graph.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { GraphFault, type Stage, verify } from "../../../compiler/graph/verify.js";
import { arbitraryPairProgram } from "../../support/arbitrary-graph.js";
import { everyOp } from "../../support/every-op.js";

const sweep = (header: string, body: string): string => `
%x = input "x" : f32[n, 4]
%y = input "y" : f32[m, 4]
%l = input "l" : f32[n, m]
%t = tile ${header} {
  ${body}
}
`;
const args = `%a = arg {index = 0} : f32[@i, 4]
  %b = arg {index = 1} : f32[@j, 4]
  %p = dot %a, %b {contract = [[1, 1]]}
  %s = sum %p {axes = [0, 1]}
  %r = max %p {axes = [1]}
  %k = argmax %p {axis = 1}`;
const loops = "(i: n by auto, j: m by 8) (%x[i, _], %y[j, _])";

describe("a verified graph", () => {
  it("holds every op where it is legal", () => {
    verify(everyOp(), "source");
    const core = decompose(everyOp());
    expect(() => verify(core, "core")).toThrow(/stop_gradient in stage core/);
  });

  it("holds random programs, and their primitives", () =>
    fc.assert(
      fc.property(arbitraryPairProgram({ outputs: true }), ({ graph }) => {
        verify(graph, "source");
        verify(decompose(graph), "core");
      }),
      { numRuns: 50 },
    ));

  it("holds a two-loop sweep with values, sums, maxima and their indices", () =>
    verify(
      parseGraph(sweep(`${loops} -> (sum %s : f32[], none %p[i, j] : f32[n, m], max %r[i] : f32[n], argmax %k[i] by 2 : i32[n])`, args)),
      "tiled",
    ));

  it("holds one loop, and an axis that holds the k largest", () =>
    verify(
      parseGraph(`%x = input "x" : f32[n]
%t = tile (i: n by 3) (%x[i]) -> (topk %v[_] : f32[2], topk_index %g[_] by 0 : i32[2]) {
  %a = arg {index = 0} : f32[@i]
  %v = topk %a {axis = 0, k = 2}
  %at = topk_index %a {axis = 0, k = 2}
  %i = loop_index {loop = 0} : i32[@i]
  %g = gather %i, %at {axis = 0}
}`),
      "tiled",
    ));
});

describe("the verifier refuses", () => {
  const faults: readonly (readonly [what: string, stage: Stage, text: string, message: RegExp])[] = [
    ["a composite among primitives", "core", `%x = input "x" : f32[n]\n%y = log_sigmoid %x`, /log_sigmoid in stage core/],
    ["an arg outside a body", "tiled", "%a = arg {index = 0} : f32[n]", /arg outside a body/],
    ["an arg before tiling", "source", "%a = arg {index = 0} : f32[n]", /arg in stage source/],
    ["a tile before tiling", "core", sweep(`${loops} -> (sum %s : f32[])`, args), /a tile in stage core/],
    [
      "an input inside a body",
      "tiled",
      sweep(
        "(i: n by auto) (%x[i, _]) -> (none %q[i] : f32[n])",
        `%a = arg {index = 0} : f32[@i, 4]\n%z = input "z" : f32[]\n%q = sum %a {axes = [1]}`,
      ),
      /reads its operands by arg/,
    ],
    ["a block that is no loop's", "tiled", `%x = input "x" : f32[@i]`, /@i is no block here/],
    [
      "an iota that restarts in every block",
      "tiled",
      sweep("(i: n by auto) (%x[i, _]) -> (none %q[i] : i32[n])", "%a = arg {index = 0} : f32[@i, 4]\n%q = iota : i32[@i]"),
      /loop_index is meant/,
    ],
    [
      "the size of a block",
      "tiled",
      sweep("(i: n by auto) (%x[i, _]) -> (sum %q : f32[])", "%a = arg {index = 0} : f32[@i, 4]\n%q = size @i : f32[]"),
      /a global size is meant/,
    ],
    [
      "a loop index of another loop",
      "tiled",
      sweep(`${loops} -> (sum %s : f32[])`, `${args}\n%z = loop_index {loop = 0} : i32[@j]`),
      /loop 0 has another block/,
    ],
    [
      "an operand cut along an axis of another extent",
      "tiled",
      sweep("(i: n by auto, j: m by 8) (%x[j, _], %y[j, _]) -> (sum %s : f32[])", args.replace("@i", "@j")),
      /axis 0 is not the extent of loop 1/,
    ],
    [
      "an arg of the whole operand where a block is passed",
      "tiled",
      sweep(`${loops} -> (sum %s : f32[])`, args.replace("f32[@i, 4]", "f32[n, 4]")),
      /operand 0 of the tile is f32\[@i, 4\]/,
    ],
    [
      "an operand that the body does not take",
      "tiled",
      sweep("(i: n by auto, j: m by 8) (%x[i, _], %y[j, _], %l[i, j]) -> (sum %s : f32[])", args),
      /one arg per operand/,
    ],
    ["a merged loop without a merge", "tiled", sweep(`${loops} -> (none %r[i] : f32[n])`, args), /needs a merge/],
    ["a block axis that is not placed", "tiled", sweep(`${loops} -> (max %r[_] : f32[n])`, args), /a loop must place it/],
    ["an axis placed on another loop", "tiled", sweep(`${loops} -> (max %r[j] : f32[m])`, args), /not a block of loop 1/],
    [
      "a result of another type than the body gives",
      "tiled",
      sweep(`${loops} -> (max %r[i] : f32[m])`, args),
      /result 0 is f32\[n\], stated as f32\[m\]/,
    ],
    ["indices that follow nothing", "tiled", sweep(`${loops} -> (argmax %k[i] : i32[n])`, args), /argmax follows a max/],
    [
      "indices that follow a sum",
      "tiled",
      sweep(`${loops} -> (argmax %k[i] by 1 : i32[n], sum %r[i] : f32[n])`, args),
      /argmax follows a max/,
    ],
    [
      "indices that follow values of other axes",
      "tiled",
      sweep(`${loops} -> (argmax %k[i] by 1 : i32[n], max %s : f32[])`, args),
      /argmax follows a max/,
    ],
    ["a sum that follows", "tiled", sweep(`${loops} -> (sum %s by 0 : f32[])`, args), /sum follows nothing/],
    [
      "loops of one name",
      "tiled",
      sweep("(i: n by auto, i: m by 8) (%x[i, _]) -> (none %a[i, _] : f32[n, 4])", "%a = arg {index = 0} : f32[@i, 4]"),
      /cannot be called i/,
    ],
    [
      "a block of nothing",
      "tiled",
      sweep("(i: n by 0) (%x[i, _]) -> (none %a[i, _] : f32[n, 4])", "%a = arg {index = 0} : f32[@i, 4]"),
      /cannot run by 0/,
    ],
    [
      "three loops",
      "tiled",
      sweep("(i: n by 1, j: m by 1, k: m by 1) (%x[i, _]) -> (sum %a[i, _] : f32[n, 4])", "%a = arg {index = 0} : f32[@i, 4]"),
      /one or two loops/,
    ],
    [
      "a projection of a missing result",
      "tiled",
      `${sweep(`${loops} -> (sum %s : f32[])`, args)}%q = project %t {index = 1} : f32[]`,
      /result 1 is missing/,
    ],
    [
      "a projection of another type",
      "tiled",
      `${sweep(`${loops} -> (sum %s : f32[])`, args)}%q = project %t {index = 0} : f32[n]`,
      /result 0 is f32\[\]/,
    ],
    ["two inputs of one name and two types", "source", `%x = input "x" : f32[n]\n%y = input "x" : f32[m]`, /another type or role/],
  ];
  it.each(faults)("%s", (_, stage, text, message) => {
    const graph = parseGraph(text);
    expect(() => verify(graph, stage)).toThrow(message);
    expect(() => verify(graph, stage)).toThrow(GraphFault);
  });

  const chain = parseGraph(`%x = input "x" : f32[n]\n%y = neg %x\n%z = exp %y\noutput "z" = %z`);
  const edited = (edit: (nodes: GraphNode[]) => readonly GraphNode[]): Graph => ({ ...chain, nodes: edit([...chain.nodes]) });
  it.each([
    ["an operand that comes later", edited(([x, y, z]) => [x, z, y] as GraphNode[]), /%1 is not defined before it is read\n\s+%2 = exp %1/],
    ["an id given twice", edited(([x, y, z]) => [x, y, { ...z, id: 1 }] as GraphNode[]), /%1 is defined twice/],
    [
      "a type that the operands do not give",
      edited(([x, y, z]) => [x, { ...y, type: { dtype: "f32", shape: [] } }, z] as GraphNode[]),
      /the operands give f32\[n\]/,
    ],
    ["operands that the op does not take", edited(([x, y, z]) => [x, { ...y, op: "not" }, z] as GraphNode[]), /needs bools/],
    ["a missing operand", edited(([x, y, z]) => [x, { ...y, ins: [] }, z] as GraphNode[]), /takes 1 operands/],
    ["an output that is no value", { ...chain, outputs: [{ name: "z", value: 9 }] }, /output "z" is %9/],
    [
      "two outputs of one name",
      {
        ...chain,
        outputs: [
          { name: "z", value: 1 },
          { name: "z", value: 2 },
        ],
      },
      /two outputs are called "z"/,
    ],
  ])("%s", (_, graph, message) => expect(() => verify(graph, "source")).toThrow(message));
});
