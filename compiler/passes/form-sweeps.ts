/**
 * Makes one tile of each sweep: all exits of one level over one pair of axes, with the slice of pair values that they
 * read cloned into its body.
 *
 *   sum[i, j](f(X·Yᵀ)), dot(g(X·Yᵀ), Y)  =>  one tile over blocks of i and j; the sum and the contraction are its results
 *
 * What an earlier sweep computed is computed again (`recomputed`), never stored. A pair value that something needs whole
 * leaves its tile as an n×m result, and a note says what needs it and why. Keeps the value up to the order of summation
 * over blocks.
 */
import { indexNodes, valueIn } from "../graph/graph.js";
import type { Pass, PassNote } from "./pass.js";
import { analysePairRegions } from "./sweeps/pair-regions.js";
import { formTiles } from "./sweeps/form-tiles.js";

export const formSweeps: Pass = {
  name: "form-sweeps",
  summary: "clones pair values into one tile per sweep and takes the exits from it",
  run(graph) {
    const regions = analysePairRegions(graph);
    const nodes = indexNodes(graph);
    const refused = regions.escapes.map(({ value, user, reason }): PassNote => {
      const { span } = valueIn(nodes, value);
      return { kind: "refused", reason, spans: user === null ? [span] : [span, user.span] };
    });
    const formed = formTiles(graph, regions, ["i", "j"]);
    return { graph: formed.graph, notes: [...refused, ...formed.notes] };
  },
};
