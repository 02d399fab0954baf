import type { Target } from "../../../compiler/target.js";
import { sessionBytes } from "./emit/library.js";

/** A block of 768 by 768 in f32: its packing costs little beside its products, and with its panels it stays in a last-level cache. */
const DEFAULT_SCRATCH_BYTES = 2.5 * 2 ** 20;

/** Whole panels of columns, of every instruction set and both precisions. */
const BLOCK_UNIT = 48;

export const nativeTarget = (precision: "f32" | "f64", threads: number, guardBytes?: number): Target => ({
  engine: "native",
  granularity: "kernel",
  memory: "arena",
  precision,
  alignment: 64,
  wideSums: true,
  ...(guardBytes === undefined ? {} : { guardBytes }),
  maxBytes: null,
  workspaceBytes: sessionBytes(threads),
  defaultScratchBytes: DEFAULT_SCRATCH_BYTES,
  blockUnit: BLOCK_UNIT,
});
