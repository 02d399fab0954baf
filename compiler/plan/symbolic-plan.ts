/** A plan whose sizes are still open: what `scheduleGraph` makes and `instantiate` puts numbers into. */
import type { Span } from "../../grammar/span.js";
import type { Id } from "../graph/graph.js";
import type { BatchId, Size } from "../graph/size.js";
import type { DType, Shape } from "../graph/type.js";
import type { SymbolicCall } from "../kernel/call.js";
import type { BufferId, BufferRole, LoopId, PlanPort } from "./plan.js";

export type SymbolicLoop = {
  readonly tile: Id;
  readonly index: number;
  readonly name: string;
  readonly extent: Size;
  readonly block: number | "auto";
};

/** `loops`: those around the statements that use it; its life ends with theirs. */
export type SymbolicBuffer = {
  readonly name: string;
  readonly role: BufferRole;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly loops: readonly LoopId[];
  readonly span: Span;
};

export type SymbolicStatement =
  | { readonly kind: "for"; readonly loop: LoopId; readonly body: readonly SymbolicStatement[] }
  | { readonly kind: "call"; readonly kernel: number; readonly call: SymbolicCall }
  /** `early` where this tile is one that is kept. */
  | {
      readonly kind: "choose";
      readonly keep: number;
      readonly loops: readonly LoopId[];
      readonly early: SymbolicStatement;
      readonly late: SymbolicStatement;
    };

/** Tiles of a sweep that later ones read again; how many stay is open. `loops`: those of the sweep that makes them, outermost first. */
export type Keep = {
  readonly buffer: BufferId;
  readonly loops: readonly LoopId[];
  /** Tiles of the graph: the maker, then the readers. All have blocks of one size. */
  readonly tiles: readonly Id[];
  /** Multiply-adds that an element costs. */
  readonly inner: Size;
};

/** How many tiles the k-th of the keeps holds, and an extent rounded up to whole blocks: numbers that `instantiate` puts in. */
export const keptCount = (keep: number): BatchId => `#kept${keep}`;
export const paddedExtent = (loop: LoopId): BatchId => `#padded${loop}`;

/** Loops and buffers are named by their place in these lists. */
export type Schedule = {
  readonly loops: readonly SymbolicLoop[];
  readonly buffers: readonly SymbolicBuffer[];
  readonly statements: readonly SymbolicStatement[];
  /** Their buffers are the last ones of the list. */
  readonly keeps: readonly Keep[];
  readonly inputs: readonly PlanPort[];
  readonly outputs: readonly PlanPort[];
};
