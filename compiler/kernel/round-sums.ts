import type { Span } from "../../grammar/span.js";
import type { DType } from "../graph/type.js";
import type { BufferId } from "../plan/plan.js";
import { contiguous, type SymbolicCall } from "./call.js";
import type { KernelOperand, KernelOut, Scalar } from "./kernel.js";

/** A number that was added up in f64, and where it goes in the program's own dtype. */
export type Widened = { readonly from: BufferId; readonly to: BufferId; readonly dtype: DType };

/** Rounds each once, in one kernel. */
export function roundSums(sums: readonly Widened[], span: Span): SymbolicCall {
  const wide: readonly KernelOperand[] = sums.map(() => ({ dtype: "f64", rank: 0 }));
  const narrow: readonly KernelOperand[] = sums.map(({ dtype }) => ({ dtype, rank: 0 }));
  const scalars = sums.flatMap(({ dtype }, k): readonly Scalar[] => [
    { kind: "load", operand: k, access: [], dtype: "f64" },
    { kind: "op", op: "cast", ins: [2 * k], dtype },
  ]);
  const outs = sums.map(
    (_, k): KernelOut => ({ operand: sums.length + k, access: [], value: 2 * k + 1, merge: "none", topk: null, by: null }),
  );
  return {
    kernel: { form: "map", dims: 0, operands: [...wide, ...narrow], scalars, outs },
    operands: [...sums.map(({ from }) => contiguous(from, [])), ...sums.map(({ to }) => contiguous(to, []))],
    extents: [],
    parameters: [],
    first: sums.map(() => []),
    span,
  };
}
