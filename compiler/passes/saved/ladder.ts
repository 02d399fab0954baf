/** All that is known of what a differentiated graph saves, and the order in which it is given up: made once per program. */
import type { Graph } from "../../graph/graph.js";
import { type Forward, splitAtLoss } from "./forward.js";
import { type Rung, rungsOf } from "./rungs.js";
import { findSources, type Sources } from "./sources.js";

export type Ladder = { readonly forward: Forward; readonly sources: Sources; readonly rungs: readonly Rung[] };

/** `results`: the outputs that the way forward is there for. */
export function ladderOf(graph: Graph, results: readonly string[]): Ladder {
  const forward = splitAtLoss(graph, new Set(results));
  const sources = findSources(forward);
  return { forward, sources, rungs: rungsOf(forward, sources) };
}
