/** What the compiler must know of an engine: plain data, handed in. */
export type Target = {
  readonly engine: string;
  /**
   * `kernel`: runs fused kernels over one arena (C, WGSL, the plan's own interpreter).
   * `op`: runs one graph op at a time (tfjs). `graph`: interprets the graph and needs no plan (the oracle).
   */
  readonly granularity: "kernel" | "op" | "graph";
  /** `arena`: one block, offsets planned. `logical`: the engine allocates, the plan frees. */
  readonly memory: "arena" | "logical";
  /** What f32 is stored and computed as. */
  readonly precision: "f32" | "f64";
  /** `kernel` only: sums of whole sweeps that are one number are added up in f64, block by block, whatever they are stored as. */
  readonly wideSums?: boolean;
  /** Every buffer's offset and size in an arena is a multiple of this. Bytes. */
  readonly alignment: number;
  /** Bytes left free behind every buffer of an arena, so that an engine that checks itself sees writes past an end. */
  readonly guardBytes?: number;
  /** The engine's own limit on live bytes, beyond which it would fail or corrupt; null where there is none. */
  readonly maxBytes: number | null;
  /** What the engine takes for itself beside the plan's buffers, whatever the sizes: counted in every peak. Bytes. */
  readonly workspaceBytes?: number;
  /** Scratch for tiles where no `--memory` is given. Bytes. */
  readonly defaultScratchBytes: number;
  /** Blocks are multiples of this, smaller ones apart: the width of the engine's panels or vectors. Elements; 32 unless it says so. */
  readonly blockUnit?: number;
};
