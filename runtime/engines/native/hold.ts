/** Factors that do not change with the innermost loop around their contraction: packed at its first turn, held over the others. */
import { dtypeBytes } from "../../../compiler/graph/type.js";
import { innerDims } from "../../../compiler/kernel/factor.js";
import type { Factor, Kernel } from "../../../compiler/kernel/kernel.js";
import type { BufferId, Extent, LoopId, Plan, PlanStatement } from "../../../compiler/plan/plan.js";
import { writtenOperands } from "../../../compiler/plan/verify-plan.js";
import { HELD_BYTES, HELD_CALLS } from "./emit/library.js";
import { rolesOf } from "./emit/roles.js";

type Call = Extract<PlanStatement, { kind: "call" }>;
type For = Extract<PlanStatement, { kind: "for" }>;

/** Byte offsets in the session's memory for held panels, or −1; `call`: counts the calls that hold some, or −1. */
export type Held = { readonly left: number; readonly right: number; readonly call: number };
const notHeld: Held = { left: -1, right: -1, call: -1 };

/** Rows and columns are packed in panels; no engine's panel is wider. */
const PANEL = 64;

export class Holding {
  readonly #plan: Plan;
  readonly #kernels: readonly Kernel[];
  readonly #written = new Map<For, ReadonlySet<BufferId>>();
  #taken = 0;
  #calls = 0;

  constructor(plan: Plan, kernels: readonly Kernel[]) {
    this.#plan = plan;
    this.#kernels = kernels;
  }

  /** What is held in a loop is held until it ends: loops that follow one another share the memory. */
  loop<T>(body: () => T): T {
    const before = this.#taken;
    const made = body();
    this.#taken = before;
    return made;
  }
  /** Of the lists of a choice one runs at a turn, and none that was left runs again before the loop ends: they share the memory. */
  choice<T>(lists: readonly (() => T)[]): readonly T[] {
    const before = this.#taken;
    const ends: number[] = [];
    const made = lists.map((list) => {
      this.#taken = before;
      const one = list();
      ends.push(this.#taken);
      return one;
    });
    this.#taken = Math.max(before, ...ends);
    return made;
  }

  /** `whole`: the largest that an extent gets. */
  place(call: Call, around: For | undefined, whole: (extent: Extent) => number): Held {
    const kernel = this.#kernels[call.kernel];
    const roles = kernel?.form === "contract" ? rolesOf(kernel) : null;
    if (kernel?.form !== "contract" || roles === null || around === undefined || roles.points.length > 0 || this.#calls === HELD_CALLS)
      return notHeld;
    const written = this.#writtenIn(around);
    const inner = innerDims(kernel);
    const depth = inner.reduce((total, dim) => total * whole(call.extents[dim] ?? 0), 1);
    const one = (factor: Factor, across: number): number => {
      if ([across, ...inner].some((dim) => changesWith(call.extents[dim], around.loop))) return -1;
      for (const scalar of factor.scalars) {
        if (scalar.kind === "parameter" && call.parameters[scalar.parameter]?.loop === around.loop) return -1;
        if (scalar.kind !== "load" && scalar.kind !== "window") continue;
        const view = call.operands[scalar.operand];
        if (view === undefined || written.has(view.buffer) || view.bases.some(({ loop }) => loop === around.loop)) return -1;
      }
      const element = dtypeBytes[this.#plan.target.precision];
      const bytes = (whole(call.extents[across] ?? 0) + PANEL) * depth * element;
      const at = this.#taken;
      if (at + bytes > HELD_BYTES) return -1;
      this.#taken = at + Math.ceil(bytes / 64) * 64;
      return at;
    };
    const [left, right] = [one(roles.left, roles.row), one(roles.right, roles.column)];
    return left < 0 && right < 0 ? notHeld : { left, right, call: this.#calls++ };
  }

  #writtenIn(loop: For): ReadonlySet<BufferId> {
    const known = this.#written.get(loop);
    if (known !== undefined) return known;
    const buffers = (statements: readonly PlanStatement[]): readonly BufferId[] =>
      statements.flatMap((statement) => {
        if (statement.kind === "for") return buffers(statement.body);
        if (statement.kind === "choose") return buffers([...statement.early, ...statement.late]);
        const kernel = statement.kind === "call" ? this.#kernels[statement.kernel] : undefined;
        if (statement.kind !== "call" || kernel === undefined) return [];
        return writtenOperands(kernel).flatMap((operand) => statement.operands[operand]?.buffer ?? []);
      });
    const written = new Set(buffers(loop.body));
    this.#written.set(loop, written);
    return written;
  }
}

const changesWith = (extent: Extent | undefined, loop: LoopId): boolean =>
  extent !== undefined && typeof extent !== "number" && extent.some(({ loops }) => loops.includes(loop));
