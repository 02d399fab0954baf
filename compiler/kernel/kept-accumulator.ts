/** The two twins of a contraction: one that also stores its sums, and one that reads them instead of adding up. */
import type { Size } from "../graph/size.js";
import type { SymbolicCall, SymbolicView } from "./call.js";
import type { Kernel, KernelOf, KernelOut, Scalar } from "./kernel.js";

/** A kernel with what its call must hand in; all else is as in the contraction's own call. */
export type Twin = Pick<SymbolicCall, "kernel" | "operands" | "extents" | "first">;

export function keepingAccumulator(kernel: KernelOf<"contract">, { operands, extents, first }: SymbolicCall, slot: SymbolicView): Twin {
  const sum = kernel.scalars.findIndex(({ kind }) => kind === "accumulator");
  const kept: KernelOut = { operand: operands.length, access: [0, 1], value: sum, merge: "none", topk: null, by: null };
  return {
    kernel: { ...kernel, operands: [...kernel.operands, operandOf(kernel, sum)], outs: [...kernel.outs, kept] },
    operands: [...operands, slot],
    extents,
    first: [...first, []],
  };
}

export function readingAccumulator(kernel: KernelOf<"contract">, { operands, extents, first }: SymbolicCall, slot: SymbolicView): Twin {
  const sum = kernel.scalars.findIndex(({ kind }) => kind === "accumulator");
  const used = new Set([
    ...kernel.scalars.flatMap((s) => (s.kind === "load" ? [s.operand] : [])),
    ...kernel.outs.map(({ operand }) => operand),
  ]);
  /** Without the operands that only the factors read. */
  const left = operands.flatMap((_, k) => (used.has(k) ? [k] : []));
  const moved = (operand: number): number => left.indexOf(operand) + 1;
  const scalars = kernel.scalars.map((scalar): Scalar => {
    if (scalar.kind === "accumulator") return { kind: "load", operand: 0, access: [0, 1], dtype: scalar.dtype };
    return scalar.kind === "load" ? { ...scalar, operand: moved(scalar.operand) } : scalar;
  });
  const outs = kernel.outs.map((out) => ({ ...out, operand: moved(out.operand) }));
  const dims = kernel.dims - kernel.inner;
  const reduces = outs.some(({ merge, access }) => merge !== "none" && access.length < dims);
  const points = { dims, scalars, outs, operands: [operandOf(kernel, sum), ...left.flatMap((k) => kernel.operands[k] ?? [])] };
  const twin: Kernel = { form: reduces ? "reduce" : "map", ...points };
  return { kernel: twin, operands: [slot, ...left.flatMap((k) => operands[k] ?? [])], extents: outerExtents(extents, dims), first };
}

const operandOf = (kernel: KernelOf<"contract">, sum: number) => ({ dtype: kernel.scalars[sum]?.dtype ?? "f32", rank: 2 }) as const;
const outerExtents = (extents: readonly Size[], dims: number): readonly Size[] => extents.slice(0, dims);
