/**
 * Runs what is made row by row in slices of rows: towers keep their embeddings and nothing else, and recompute a slice
 * on the way back.
 *
 *   z = f(x·W); pair sweep over z; dW = xᵀ·(…dz…)   =>  one tile over rows makes z, one after the sweep makes dW
 *
 * The pair sweep sees the full batch, so the result is the full batch's result; sums over rows are added slice by slice.
 * A row's values do not change with its slice. Costs the forward pass of the towers once more: only for a budget that
 * needs it.
 */
import type { Pass } from "./pass.js";
import { formTiles } from "./sweeps/form-tiles.js";
import { analyseRowRegions } from "./sweeps/row-regions.js";

export const microBatch: Pass = {
  name: "micro-batch",
  summary: "runs row-wise values in slices of rows, keeping what pair sweeps read",
  run: (graph) => formTiles(graph, analyseRowRegions(graph), ["r"]),
};
