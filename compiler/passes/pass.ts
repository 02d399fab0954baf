/** What a pass is: a named function from graph to graph. The order of passes is a list in `pipeline.ts`. */
import type { Span } from "../../grammar/span.js";
import type { Graph } from "../graph/graph.js";

/** What a pass did or would not do, and where: read by `sigc explain`. */
export type PassNote = { readonly kind: "fused" | "refused" | "moved"; readonly reason: string; readonly spans: readonly Span[] };

export type Pass = {
  readonly name: string;
  /** One line: what it turns into what. */
  readonly summary: string;
  readonly run: (graph: Graph) => { readonly graph: Graph; readonly notes: readonly PassNote[] };
};
