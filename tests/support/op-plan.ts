/** A bound plan for an op engine, without the rest of the compiler: every tile by the blocks that a test asks for. */
import type { Template } from "../../compiler/compile.js";
import { type Graph, isTile } from "../../compiler/graph/graph.js";
import { evaluateSize } from "../../compiler/graph/size.js";
import { lowerOps } from "../../compiler/plan/lower-ops.js";
import type { Plan, TileChoice } from "../../compiler/plan/plan.js";
import type { Target } from "../../compiler/target.js";

export type Dims = Readonly<Record<string, number>>;
export type Blocks = Readonly<Record<string, number>>;

export function tileChoices(graph: Graph, dims: Dims, blocks: Blocks): readonly TileChoice[] {
  return graph.nodes.filter(isTile).map((tile) => ({
    tile: tile.id,
    loops: tile.loops.map(({ name, extent, block }) => {
      const whole = evaluateSize(extent, dims);
      return { name, extent: whole, block: Math.min(whole, block === "auto" ? (blocks[name] ?? whole) : block) };
    }),
  }));
}

export function opPlan(graph: Graph, dims: Dims, blocks: Blocks, target: Target): Plan {
  const tiles = tileChoices(graph, dims, blocks);
  return { target, dims, tiles, kept: [], ...lowerOps(graph, dims, tiles), arenaBytes: 0, flops: 0 };
}

export const templateOf = (graph: Graph, target: Target): Template => ({
  name: "test",
  target,
  graph,
  kernels: [],
  schedule: null,
  indexBounds: [],
});
