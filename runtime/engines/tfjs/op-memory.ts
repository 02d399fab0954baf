/** What an op takes beside its operands and its result while it runs. The plan counts the tensors that live between statements. */
import type { BufferId, Plan, PlanStatement } from "../../../compiler/plan/plan.js";

/** Float32 copies of the largest tensor at hand: above the most that any rule of this engine makes at once. */
const COPIES = 8;

/** The most that any statement of a plan may take beside what is planned. Bytes. */
export function opMemory({ buffers, statements }: Plan): number {
  const elements = (ids: readonly BufferId[]): number =>
    Math.max(0, ...ids.map((id) => buffers[id]?.shape.reduce((a, b) => a * b, 1) ?? 0));
  const largest = (list: readonly PlanStatement[]): number => Math.max(0, ...list.map(at));
  const at = (statement: PlanStatement): number => {
    if (statement.kind === "for") return largest(statement.body);
    if (statement.kind === "op") return COPIES * elements([...statement.ins, statement.out]);
    if (statement.kind === "merge") return COPIES * elements([statement.part]);
    // Rows of pieces, then the rows.
    return statement.kind === "join" ? 2 * elements([statement.out]) : 0;
  };
  return Float32Array.BYTES_PER_ELEMENT * largest(statements);
}
