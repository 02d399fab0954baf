/**
 * A plan as 64-bit words, which the driver in c/driver.h walks:
 *
 *   FOR  loop extent step length   followed by `length` words of its body
 *   CALL number kernel share turns left right held  operands…  extents…  parameters…  outs…
 *   CHOOSE below loops…            each loop with its step and its number of turns; then the lengths of both lists, and both lists
 *
 * `number`: of this call among all, by which a run may be timed. `share`: by all threads. `turns`: the loop over which `left` and
 * `right`, byte offsets or −1, hold packed factors; −1 outside loops.
 * `held`: which of the calls that hold some this is, or −1.
 * Lists begin with their count. An operand is buffer, byte offset, bases (loop, bytes), rank, then stride and extent of each axis, and
 * the elements that its buffer has room for if it may lie in panels, else 0.
 * An extent is a sum of terms: coefficient and the loops whose current block it is multiplied by.
 *
 * The plan is verified before (every window inside its buffer, in every block): C trusts these words.
 */
import { dtypeBytes } from "../../../compiler/graph/type.js";
import type { Kernel } from "../../../compiler/kernel/kernel.js";
import type { CallStatement, Extent, LoopId, Plan, PlanStatement, View } from "../../../compiler/plan/plan.js";
import { Holding } from "./hold.js";
import { panelledBuffers, panelRoom } from "./panelled.js";

type For = Extract<PlanStatement, { kind: "for" }>;

const FOR = 1;
const CALL = 2;
const CHOOSE = 3;
/** Points or multiply-adds below which a call is over before a second thread would have begun. */
const WORTH_SHARING = 2 ** 15;

export type Program = {
  readonly words: BigInt64Array;
  /** Multiply-adds and points: whether a run is worth a thread of its own. */
  readonly work: number;
  /** By their numbers. */
  readonly calls: readonly CallStatement[];
};

export function encodeProgram(plan: Plan, kernels: readonly Kernel[]): Program {
  const panelled = panelledBuffers(plan, kernels);
  const holding = new Holding(plan, kernels);
  const blocks = new Map<LoopId, { readonly step: number; readonly times: number }>();
  const calls: CallStatement[] = [];
  let work = 0;
  const whole = (extent: Extent): number =>
    typeof extent === "number"
      ? extent
      : extent.reduce((sum, { coef, loops }) => sum + loops.reduce((value, loop) => value * (blocks.get(loop)?.step ?? 1), coef), 0);
  const extentWords = (extent: Extent): readonly number[] =>
    typeof extent === "number" ? [1, extent, 0] : [extent.length, ...extent.flatMap(({ coef, loops }) => [coef, loops.length, ...loops])];
  const operandWords = ({ buffer, offset, bases, dims }: View): readonly number[] => {
    const held = plan.buffers[buffer];
    if (held === undefined) throw new Error(`no buffer ${buffer}`);
    const bytes = dtypeBytes[held.dtype];
    return [
      buffer,
      offset * bytes,
      bases.length,
      ...bases.flatMap(({ loop, stride }) => [loop, stride * bytes]),
      dims.length,
      ...dims.flatMap(({ extent, stride }) => [stride, ...extentWords(extent)]),
      panelled.has(buffer) ? panelRoom(held) : 0,
    ];
  };
  const callWords = (call: CallStatement, around: For | undefined): readonly number[] => {
    const held = holding.place(call, around, whole);
    const points = workOf(call, kernels[call.kernel], whole);
    work += [...blocks.values()].reduce((product, { times }) => product * times, points);
    return [
      CALL,
      calls.push(call) - 1,
      call.kernel,
      points >= WORTH_SHARING ? 1 : 0,
      around?.loop ?? -1,
      held.left,
      held.right,
      held.call,
      call.operands.length,
      ...call.operands.flatMap(operandWords),
      call.extents.length,
      ...call.extents.flatMap(extentWords),
      call.parameters.length,
      ...call.parameters.flatMap(({ value, loop }) => [value, loop ?? -1]),
      call.first.length,
      ...call.first.flatMap((loops) => [loops.length, ...loops]),
    ];
  };
  const listWords = (statements: readonly PlanStatement[], around?: For): readonly number[] =>
    statements.flatMap((statement): readonly number[] => {
      switch (statement.kind) {
        case "for": {
          const { loop, extent, step } = statement;
          blocks.set(loop, { step, times: Math.ceil(extent / step) });
          const body = holding.loop(() => listWords(statement.body, statement));
          blocks.delete(loop);
          return [FOR, loop, extent, step, body.length, ...body];
        }
        case "call":
          return callWords(statement, around);
        case "choose": {
          const { early: first, late: second } = statement;
          const [early = [], late = []] = holding.choice([() => listWords(first, around), () => listWords(second, around)]);
          const turns = statement.loops.flatMap((loop) => [loop, blocks.get(loop)?.step ?? 1, blocks.get(loop)?.times ?? 1]);
          return [CHOOSE, statement.below, statement.loops.length, ...turns, early.length, late.length, ...early, ...late];
        }
        case "free":
          return [];
        case "op":
        case "cut":
        case "merge":
        case "join":
          throw new Error(`a kernel plan holds no ${statement.kind}`);
      }
    });
  return { words: BigInt64Array.from(listWords(plan.statements), BigInt), work, calls };
}

function workOf(call: CallStatement, kernel: Kernel | undefined, whole: (extent: Extent) => number): number {
  const product = (extents: readonly Extent[]): number => extents.reduce<number>((total, extent) => total * whole(extent), 1);
  if (kernel === undefined) throw new Error(`no kernel ${call.kernel}`);
  return "dims" in kernel ? product(call.extents) : Math.max(...call.operands.map(({ dims }) => product(dims.map(({ extent }) => extent))));
}
