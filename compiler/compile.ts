/** Program → template: everything that does not depend on batch sizes. Pure; the stages in the order of the folders. */
import type { Graph } from "./graph/graph.js";
import type { Kernel } from "./kernel/kernel.js";
import type { IndexBound } from "./plan/plan.js";
import type { Target } from "./target.js";

/**
 * A compiled program: model sizes are baked in, batch sizes stay open. `bind` makes a plan of it.
 * `names`: the definition's name of a graph value, where it has one.
 */
export type Template = {
  readonly name: string;
  readonly target: Target;
  /** Differentiated, fused into tiles, verified. */
  readonly graph: Graph;
  readonly names: ReadonlyMap<number, string>;
  /** Kernels of a `kernel` target, in the order in which the plan's calls name them; empty otherwise. */
  readonly kernels: readonly Kernel[];
  readonly indexBounds: readonly IndexBound[];
};
