/** gather, scatter_add, cumsum and sort: calls of the functions in c/whole_arrays.h. */
import type { DType } from "../../../../compiler/graph/type.js";
import { dtypeBytes } from "../../../../compiler/graph/type.js";
import type { KernelOf } from "../../../../compiler/kernel/kernel.js";
import type { EmittedKernel } from "./points.js";

type WholeArray = KernelOf<"gather"> | KernelOf<"scatter_add"> | KernelOf<"cumsum"> | KernelOf<"sort">;

export function emitWholeArray(kernel: WholeArray): EmittedKernel {
  const [first, second, third] = kernel.operands;
  if (first === undefined || second === undefined) throw new Error(`a ${kernel.form} lacks operands`);
  const unsigned = second.dtype === "u32" ? 1 : 0;
  switch (kernel.form) {
    case "gather":
      return one(`sig_gather(call, ${kernel.axis}, ${first.rank}, ${second.rank}, ${unsigned}, ${dtypeBytes[first.dtype]});`);
    case "scatter_add":
      return one(
        `sig_scatter_add(call, ${kernel.axis}, ${third?.rank ?? 0}, ${second.rank}, ${unsigned}, sig_scatter_task_${numeric(first.dtype)});`,
      );
    case "cumsum":
      return one(`sig_slices(call, ${kernel.axis}, ${first.rank}, ${kernel.reverse ? 1 : 0}, sig_cumsum_task_${numeric(first.dtype)});`);
    case "sort":
      return one(`sig_slices(call, ${kernel.axis}, ${first.rank}, 0, sig_sort_task_${numeric(first.dtype)});`);
  }
}

const one = (statement: string): EmittedKernel => ({ functions: [], body: [statement] });
const numeric = (dtype: DType): string => dtype;
