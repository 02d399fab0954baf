/**
 * Leaves out what no output needs: nodes, results of tiles, operands of tiles, and nodes of their bodies. Inputs stay.
 *
 *   %9 = tile (…) (%3[i, _], %5[j, _]) -> (sum %2, none %4[i]) {…}; only %10 = project %9 {index = 1} is read
 *     =>  the tile without `sum %2`, without the operands that only it read; %10 = project %9 {index = 0}
 */
import { type Graph, type GraphNode, type Id, isTile, type Node, operandsOf, type Tile } from "../graph/graph.js";
import type { Pass } from "./pass.js";

type Renumbering = ReadonlyMap<number, number>;

/** The nodes that the roots need, in order. Ids stay as they are. */
function sweep(nodes: readonly GraphNode[], roots: readonly Id[]): readonly GraphNode[] {
  const read = new Set(roots);
  /** Per tile, which of its results are read: known when the walk reaches it, because projections come later. */
  const results = new Map<Id, Set<number>>();
  const renumbered = new Map<Id, Renumbering>();
  const kept: GraphNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!read.has(node.id)) continue;
    let live: GraphNode = node;
    if (isTile(node)) {
      const trimmed = trim(node, results.get(node.id) ?? new Set());
      renumbered.set(node.id, trimmed.results);
      live = trimmed.tile;
    } else if (node.op === "project") {
      const [tile] = node.ins;
      if (tile !== undefined) results.set(tile, (results.get(tile) ?? new Set()).add(node.attrs.index));
    }
    for (const operand of operandsOf(live)) read.add(operand);
    kept.push(live);
  }
  return kept.reverse().map((node) => (isTile(node) || node.op !== "project" ? node : reindexed(node, renumbered.get(node.ins[0] ?? -1))));
}

/** Does the graph, or a tile's body in it, hold as much as before? */
const sameExtent = (before: readonly GraphNode[], after: readonly GraphNode[]): boolean =>
  before.length === after.length &&
  before.every((node, k) => {
    const now = after[k];
    return (
      !isTile(node) ||
      (now !== undefined && isTile(now) && node.outs.length === now.outs.length && sameExtent(node.body.nodes, now.body.nodes))
    );
  });

/** A tile with the wanted results only; `results` maps old indices to new ones. */
function trim(tile: Tile, wanted: ReadonlySet<number>): { readonly tile: Tile; readonly results: Renumbering } {
  const kept = new Set(wanted);
  for (const index of wanted) {
    const by = tile.outs[index]?.by ?? null;
    if (by !== null) kept.add(by);
  }
  const results = consecutive(tile.outs.keys(), kept);
  const outs = tile.outs
    .filter((_, k) => kept.has(k))
    .map((out) => ({ ...out, by: out.by === null ? null : (results.get(out.by) ?? null) }));
  const nodes = sweep(
    tile.body.nodes,
    outs.map((out) => out.value),
  );
  const usedArgs = new Set(nodes.flatMap((node) => (!isTile(node) && node.op === "arg" ? [node.attrs.index] : [])));
  const args = consecutive(tile.ins.keys(), usedArgs);
  const live = new Set(nodes.map((node) => node.id));
  return {
    results,
    tile: {
      ...tile,
      ins: tile.ins.filter((_, k) => usedArgs.has(k)),
      outs,
      types: tile.types.filter((_, k) => kept.has(k)),
      body: { ...tile.body, nodes: nodes.map((node) => (isTile(node) || node.op !== "arg" ? node : reindexed(node, args))) },
      recomputed: tile.recomputed.filter((id) => live.has(id)),
    },
  };
}

function consecutive(all: Iterable<number>, kept: ReadonlySet<number>): Renumbering {
  return new Map([...all].filter((k) => kept.has(k)).map((k, i) => [k, i]));
}

function reindexed(node: Node<"project"> | Node<"arg">, by: Renumbering | undefined): Node {
  const index = by?.get(node.attrs.index);
  if (index === undefined) throw new Error(`%${node.id} reads a result that was left out`);
  return { ...node, attrs: { ...node.attrs, index } };
}

/** An input is the program's interface: it stays, read or not, so that its gradient can be asked for. */
function run(graph: Graph): Graph {
  const inputs = graph.nodes.filter((node) => node.op === "input").map((node) => node.id);
  const roots = [...graph.outputs.map((output) => output.value), ...inputs];
  const nodes = sweep(graph.nodes, roots);
  return sameExtent(graph.nodes, nodes) ? graph : { ...graph, nodes };
}

export const dce: Pass = {
  name: "dce",
  summary: "leaves out what no output needs",
  run: (graph) => ({ graph: run(graph), notes: [] }),
};
