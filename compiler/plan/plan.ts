/**
 * The plan: what runs, in order, over which bytes. Made by `bind`, all numbers known.
 * The block loops of tiles live here and nowhere else.
 */
import type { Span } from "../../grammar/span.js";
import type { Id, Merge, Node } from "../graph/graph.js";
import type { BatchId, Size } from "../graph/size.js";
import type { DType } from "../graph/type.js";
import type { Target } from "../target.js";

export type BufferId = number;
export type LoopId = number;

/** `given`: the caller's input, parameter or state. `result`: handed back. `temporary`: between statements. `block`: inside a loop. */
export type BufferRole = "given" | "result" | "temporary" | "block";

/**
 * `shape` is the largest extent of each axis. In an `op` plan a buffer that `merge` fills along loops is a set of
 * pieces, one per block, until a `join` makes it whole.
 */
export type PlanBuffer = {
  readonly id: BufferId;
  /** The definition's name where the program gives one, else the op. */
  readonly name: string;
  readonly role: BufferRole;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes of the whole, pieces together. */
  readonly bytes: number;
  /** Elements as a polynomial in the batch sizes, a block counting as a plain number: the proof that nothing n*m is stored. */
  readonly size: Size;
  readonly degree: number;
  /** Lifetime in steps of the flat statement order (`for` bodies counted once): first write, last read; inclusive. */
  readonly from: number;
  readonly to: number;
  /** Byte offset in the arena; null where the engine allocates. */
  readonly offset: number | null;
  readonly span: Span;
};

/** How many indices an axis has here: a number, or a sum of `coef` times the current blocks of `loops` (shorter at the edge). */
export type Extent = number | readonly { readonly coef: number; readonly loops: readonly LoopId[] }[];

/** A number that a kernel reads: `value`, plus the current value of a loop. */
export type Parameter = { readonly value: number; readonly loop: LoopId | null };

/** A strided window on a buffer. Elements, not bytes; `offset` adds `value(loop) * stride` for each loop in `bases`. */
export type View = {
  readonly buffer: BufferId;
  readonly offset: number;
  readonly bases: readonly { readonly loop: LoopId; readonly stride: number }[];
  readonly dims: readonly { readonly extent: Extent; readonly stride: number }[];
};

export type PlanStatement =
  /** value = 0, step, 2·step, … below extent. */
  | {
      readonly kind: "for";
      readonly loop: LoopId;
      readonly name: string;
      readonly extent: number;
      readonly step: number;
      readonly body: readonly PlanStatement[];
    }
  /**
   * Kernel granularity: `early` in the first `below` turns of the loops around, all of them counted together in order, `late` in
   * the others. Both come to the same; `early` keeps a tile, or reads one that was kept.
   */
  | {
      readonly kind: "choose";
      readonly loops: readonly LoopId[];
      readonly below: number;
      readonly early: readonly PlanStatement[];
      readonly late: readonly PlanStatement[];
    }
  /**
   * Kernel granularity: one fused kernel. `extents` are those of the kernel's dims (none for a form without scalars: its views say all).
   * `first`, per result: where all these loops are at 0 it is stored, elsewhere merged into what is there.
   */
  | {
      readonly kind: "call";
      readonly kernel: number;
      readonly operands: readonly View[];
      readonly extents: readonly Extent[];
      readonly parameters: readonly Parameter[];
      readonly first: readonly (readonly LoopId[])[];
      readonly span: Span;
    }
  /** Op granularity: one graph op. Sizes in attrs are evaluated by the engine with `dims` and the current blocks. */
  | { readonly kind: "op"; readonly node: Node; readonly ins: readonly BufferId[]; readonly out: BufferId }
  /** Cuts the current block out of a whole buffer (loop per axis, or null). */
  | {
      readonly kind: "cut";
      readonly from: BufferId;
      readonly axes: readonly (LoopId | null)[];
      readonly out: BufferId;
      readonly span: Span;
    }
  /**
   * Combines a block's partial result into an accumulator; stored as it is where all `first` loops are at 0. Consumes `part`.
   * `axes`: which loop runs along each axis of `into`, or null: the piece that this block belongs to. `k`: the axis of a
   * `topk` or `topk_index`, along which into and part compete.
   */
  | {
      readonly kind: "merge";
      readonly merge: Merge;
      readonly into: BufferId;
      readonly part: BufferId;
      readonly axes: readonly (LoopId | null)[];
      readonly k: number | null;
      readonly first: readonly LoopId[];
      readonly by: { readonly into: BufferId; readonly part: BufferId } | null;
      readonly span: Span;
    }
  /** Makes the pieces of a blocked buffer one whole; consumes the pieces. */
  | {
      readonly kind: "join";
      readonly from: BufferId;
      readonly axes: readonly (LoopId | null)[];
      readonly out: BufferId;
      readonly span: Span;
    }
  /** The buffer's bytes may be used again: op engines dispose, planref poisons. */
  | { readonly kind: "free"; readonly buffer: BufferId };

export type CallStatement = Extract<PlanStatement, { kind: "call" }>;

/** A tile of the graph and the block sizes chosen for its loops. */
export type TileChoice = {
  readonly tile: Id;
  readonly loops: readonly { readonly name: string; readonly extent: number; readonly block: number }[];
};

/** What one sweep computes and later ones need again: its first `count` of `of` tiles are kept between, the others computed again. */
export type KeptTiles = {
  /** The tile that makes them, then those that read them. */
  readonly tiles: readonly Id[];
  readonly count: number;
  readonly of: number;
  readonly bytes: number;
};

export type PlanPort = { readonly name: string; readonly buffer: BufferId };

export type Plan = {
  readonly target: Target;
  readonly dims: Readonly<Record<BatchId, number>>;
  readonly tiles: readonly TileChoice[];
  readonly kept: readonly KeptTiles[];
  readonly buffers: readonly PlanBuffer[];
  readonly statements: readonly PlanStatement[];
  readonly inputs: readonly PlanPort[];
  readonly outputs: readonly PlanPort[];
  /** Bytes of the arena, without what the caller gives; 0 for logical memory. */
  readonly arenaBytes: number;
  /** The most bytes held at once: given, results, temporaries and blocks. Of an arena, all of it counts, gaps too, and the engine's own workspace. */
  readonly peakBytes: number;
  /** The flat statement index at which the peak is reached. */
  readonly peakAt: number;
  /** Floating-point operations of contractions, 2 per multiply-add; recomputed ones counted too. */
  readonly flops: number;
};

/** Integer inputs that index a table: checked on the host before a run, so that a bad id is an error and not a zero. */
export type IndexBound = { readonly input: string; readonly below: Size; readonly span: Span };
