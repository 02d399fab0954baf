import type { Kernel } from "../kernel/kernel.js";
import type { CallStatement, Extent, LoopId, PlanStatement } from "./plan.js";

type Range = { readonly extent: number; readonly step: number };
/** Outermost first. */
type Ranges = ReadonlyMap<LoopId, Range>;

/** Floating-point operations of the contractions of a kernel plan: 2 per multiply-add, without walking the blocks. */
export const countFlops = (statements: readonly PlanStatement[], kernels: readonly Kernel[]): number =>
  [...flopsOfCalls(statements, kernels).values()].reduce((sum, flops) => sum + flops, 0);

/** The same of every call that multiplies and adds, in all its turns. */
export function flopsOfCalls(statements: readonly PlanStatement[], kernels: readonly Kernel[]): ReadonlyMap<CallStatement, number> {
  const flops = new Map<CallStatement, number>();
  const visit = (list: readonly PlanStatement[], around: Ranges, sign: 1 | -1): void => {
    for (const statement of list)
      switch (statement.kind) {
        case "for":
          visit(statement.body, new Map([...around, [statement.loop, statement]]), sign);
          break;
        case "choose":
          // All turns are `late` ones but the first.
          visit(statement.late, around, sign);
          for (const first of firstTurns([...around], statement.below)) {
            visit(statement.early, first, sign);
            visit(statement.late, first, sign === 1 ? -1 : 1);
          }
          break;
        case "call": {
          const kernel = kernels[statement.kernel];
          if (kernel?.form !== "contract" || kernel.kept !== undefined) break;
          flops.set(statement, (flops.get(statement) ?? 0) + sign * 2 * sumOverBlocks(statement.extents, around));
          break;
        }
        case "free":
        case "op":
        case "cut":
        case "merge":
        case "join":
          break;
      }
  };
  visit(statements, new Map(), 1);
  return flops;
}

/** The first turns of nested loops as boxes: whole turns of the outermost, then what is begun of its next. */
function firstTurns([outermost, ...inner]: readonly (readonly [LoopId, Range])[], below: number): readonly Ranges[] {
  if (outermost === undefined) return below > 0 ? [new Map()] : [];
  const [loop, { extent, step }] = outermost;
  const within = inner.reduce((product, [, range]) => product * Math.ceil(range.extent / range.step), 1);
  const whole = Math.floor(below / within);
  const begun = Math.min(step, extent - whole * step);
  return [
    ...(whole === 0 ? [] : [new Map([[loop, { extent: Math.min(whole * step, extent), step }] as const, ...inner])]),
    ...firstTurns(inner, below % within).map((rest) => new Map([[loop, { extent: begun, step }] as const, ...rest])),
  ];
}

/** Σ over all blocks of the product of the extents: each loop contributes Σ blockᵖ, p being how often it takes part in a term. */
function sumOverBlocks(extents: readonly Extent[], around: Ranges): number {
  type Term = { readonly coef: number; readonly loops: readonly LoopId[] };
  let terms: readonly Term[] = [{ coef: 1, loops: [] }];
  for (const extent of extents)
    terms =
      typeof extent === "number"
        ? terms.map(({ coef, loops }) => ({ coef: coef * extent, loops }))
        : terms.flatMap((a) => extent.map((b) => ({ coef: a.coef * b.coef, loops: [...a.loops, ...b.loops] })));
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
