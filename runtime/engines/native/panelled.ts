/**
 * Matrices that lie in panels: made by contractions and read by contractions alone, so that what one stores the next need not
 * pack. Every view of such a buffer is all of its current block, rows then columns. Where a block's edges have no room the
 * driver lays it out in rows; writers and readers see the same extents and come to the same.
 */
import { type DType, dtypeBytes } from "../../../compiler/graph/type.js";
import type { Kernel } from "../../../compiler/kernel/kernel.js";
import type { BufferId, Plan, PlanBuffer, PlanStatement, View } from "../../../compiler/plan/plan.js";
import { panelOperands } from "./emit/panels.js";

export function panelledBuffers(plan: Plan, kernels: readonly Kernel[]): ReadonlySet<BufferId> {
  const able = kernels.map(panelOperands);
  const seen = new Map<BufferId, View | null>();
  const visit = (statements: readonly PlanStatement[]): void => {
    for (const statement of statements) {
      if (statement.kind === "for") visit(statement.body);
      if (statement.kind === "choose") visit([...statement.early, ...statement.late]);
      if (statement.kind !== "call") continue;
      for (const [operand, view] of statement.operands.entries()) {
        const before = seen.get(view.buffer);
        const fits = able[statement.kernel]?.has(operand) === true && isWhole(view, plan.buffers[view.buffer], plan.target.precision);
        const agrees = before === undefined || (before !== null && sameExtents(before, view));
        seen.set(view.buffer, fits && agrees ? view : null);
      }
    }
  };
  visit(plan.statements);
  return new Set([...seen].flatMap(([buffer, view]) => (view === null ? [] : [buffer])));
}

/** Elements that a panelled buffer has room for. */
export const panelRoom = ({ bytes, dtype }: PlanBuffer): number => bytes / dtypeBytes[dtype];

function isWhole({ offset, bases, dims }: View, buffer: PlanBuffer | undefined, element: DType): boolean {
  const own = buffer?.role === "block" || buffer?.role === "temporary";
  // Other elements have panels of other widths.
  return (
    own &&
    buffer.dtype === element &&
    buffer.shape.length === 2 &&
    dims.length === 2 &&
    offset === 0 &&
    bases.length === 0 &&
    dims[1]?.stride === 1
  );
}

const sameExtents = (a: View, b: View): boolean =>
  JSON.stringify(a.dims.map(({ extent }) => extent)) === JSON.stringify(b.dims.map(({ extent }) => extent));
