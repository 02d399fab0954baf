/** The two twins of a contraction: one that also stores its sums, and one that reads them instead of adding up. */
import type { SymbolicCall, SymbolicView } from "./call.js";
import type { Access, KernelOf, KernelOperand, KernelOut } from "./kernel.js";

/** A kernel and what its call hands in besides what the contraction's own call does. */
export type Twin = Pick<SymbolicCall, "kernel" | "operands" | "first">;

export function keepingAccumulator(kernel: KernelOf<"contract">, { operands, first }: SymbolicCall, slot: SymbolicView): Twin {
  const value = kernel.scalars.findIndex(({ kind }) => kind === "accumulator");
  const out: KernelOut = { operand: operands.length, access: everyPoint(kernel), value, merge: "none", topk: null, by: null };
  return {
    kernel: { ...kernel, operands: [...kernel.operands, slotOperand(kernel)], outs: [...kernel.outs, out] },
    operands: [...operands, slot],
    first: [...first, []],
  };
}

export function readingAccumulator(kernel: KernelOf<"contract">, { operands, first }: SymbolicCall, slot: SymbolicView): Twin {
  const kept = { operand: operands.length, access: everyPoint(kernel) };
  return { kernel: { ...kernel, operands: [...kernel.operands, slotOperand(kernel)], kept }, operands: [...operands, slot], first };
}

const everyPoint = ({ dims, inner }: KernelOf<"contract">): Access => Array.from({ length: dims - inner }, (_, dim) => dim);

function slotOperand(kernel: KernelOf<"contract">): KernelOperand {
  const sum = kernel.scalars.find(({ kind }) => kind === "accumulator");
  return { dtype: sum?.dtype ?? "f32", rank: kernel.dims - kernel.inner };
}
