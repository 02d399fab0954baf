/** What the forming of tiles needs to know, whatever makes the regions: pairs of axes or rows of one. */
import type { GraphNode, Id, Node } from "../../graph/graph.js";

/** A use that needs the whole array, and why. */
export type Escape = { readonly value: Id; readonly user: Node | null; readonly reason: string };

export type Regions = {
  /** Recomputed per block, never stored (unless it escapes as well). */
  readonly inRegion: (id: Id) => boolean;
  readonly isExit: (node: GraphNode) => boolean;
  readonly escapes: readonly Escape[];
  /** Region values whose whole array something needs. */
  readonly escaped: ReadonlySet<Id>;
  /** 0 for what no sweep must precede; a region value has the number of the sweep that computes it. */
  readonly level: (id: Id) => number;
};
