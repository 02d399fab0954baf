/**
 * One node for equal computations: the same op, attributes, type and operands. The first one's span stays.
 *
 *   %1 = exp %0; %2 = exp %0; %3 = add %1, %2   =>   %1 = exp %0; %3 = add %1, %1
 *
 * Looks into tile bodies; never merges across a body's border. Values keep their bits.
 */
import { type Graph, type GraphNode, type Id, isTile, type Node, type Tile } from "../graph/graph.js";
import type { OpName } from "../graph/op-table.js";
import { printAttrs } from "../graph/print.js";
import { printType } from "../graph/type.js";
import type { Pass } from "./pass.js";

/** Not maximum and minimum: at a tie the gradient goes to the first operand. */
const commutative: ReadonlySet<OpName> = new Set<OpName>(["add", "mul", "eq", "ne", "and", "or"]);

function keyOf(node: Node): string {
  const ins = commutative.has(node.op) ? [...node.ins].sort((x, y) => x - y) : node.ins;
  return `${node.op} ${ins.join(",")} ${printAttrs(node)} ${printType(node.type)}`;
}

/** The nodes that stay, and where the others went. Ids stay as they are. `merged`: has any node gone? */
type Merged = { readonly nodes: readonly GraphNode[]; readonly to: (id: Id) => Id; readonly merged: boolean };

function merge(nodes: readonly GraphNode[]): Merged {
  const kept: GraphNode[] = [];
  let inside = false;
  const first = new Map<string, Id>();
  const moved = new Map<Id, Id>();
  const to = (id: Id): Id => moved.get(id) ?? id;
  for (const node of nodes) {
    if (isTile(node)) {
      const { tile, merged } = mergeInside(node, to);
      kept.push(tile);
      inside ||= merged;
      continue;
    }
    const renamed = { ...node, ins: node.ins.map(to) } as Node;
    const key = keyOf(renamed);
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, node.id);
      kept.push(renamed);
    } else moved.set(node.id, earlier);
  }
  return { nodes: kept, to, merged: inside || moved.size > 0 };
}

function mergeInside(tile: Tile, to: (id: Id) => Id): { readonly tile: Tile; readonly merged: boolean } {
  const { nodes, to: within, merged } = merge(tile.body.nodes);
  return {
    merged,
    tile: {
      ...tile,
      ins: tile.ins.map((input) => ({ ...input, value: to(input.value) })),
      outs: tile.outs.map((out) => ({ ...out, value: within(out.value) })),
      recomputed: [...new Set(tile.recomputed.map(within))],
      body: { ...tile.body, nodes },
    },
  };
}

function run(graph: Graph): Graph {
  const { nodes, to, merged } = merge(graph.nodes);
  if (!merged) return graph;
  return { nodes, outputs: graph.outputs.map(({ name, value }) => ({ name, value: to(value) })) };
}

export const cse: Pass = {
  name: "cse",
  summary: "one node for equal computations",
  run: (graph) => ({ graph: run(graph), notes: [] }),
};
