import type { Kernel } from "../kernel/kernel.js";
import type { Extent, LoopId, PlanStatement } from "./plan.js";

type Range = { readonly extent: number; readonly step: number };

/** Floating-point operations of the contractions of a kernel plan: 2 per multiply-add, without walking the blocks. */
export function countFlops(
  statements: readonly PlanStatement[],
  kernels: readonly Kernel[],
  around: ReadonlyMap<LoopId, Range> = new Map(),
): number {
  let flops = 0;
  for (const statement of statements) {
    if (statement.kind === "for") flops += countFlops(statement.body, kernels, new Map([...around, [statement.loop, statement]]));
    else if (statement.kind === "call" && kernels[statement.kernel]?.form === "contract")
      flops += 2 * sumOverBlocks(statement.extents, around);
  }
  return flops;
}

/** Σ over all blocks of the product of the extents: each loop contributes Σ blockᵖ, p being how often it takes part in a term. */
function sumOverBlocks(extents: readonly Extent[], around: ReadonlyMap<LoopId, Range>): number {
  type Term = { readonly coef: number; readonly loops: readonly LoopId[] };
  const terms = extents.reduce<readonly Term[]>(
    (product, extent) => {
      const factor: readonly Term[] = typeof extent === "number" ? [{ coef: extent, loops: [] }] : extent;
      return product.flatMap((a) => factor.map((b) => ({ coef: a.coef * b.coef, loops: [...a.loops, ...b.loops] })));
    },
    [{ coef: 1, loops: [] }],
  );
  const powers = (loop: LoopId, { extent, step }: Range, loops: readonly LoopId[]): number => {
    const p = loops.filter((other) => other === loop).length;
    const full = Math.floor(extent / step);
    const rest = extent - full * step;
    return full * step ** p + (rest > 0 ? rest ** p : 0);
  };
  return terms.reduce(
    (sum, { coef, loops }) => sum + [...around].reduce((total, [loop, range]) => total * powers(loop, range, loops), coef),
    0,
  );
}
