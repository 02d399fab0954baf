/**
 * Live bytes of an `op` plan after every statement, as an engine with its own allocator should count them.
 * One simulation serves two readers: `walkPlan` runs every block, `peakOf` only those where the peak can be.
 */
import { evaluateSize } from "../graph/size.js";
import type { DType } from "../graph/type.js";
import type { BufferId, LoopId, Plan, PlanStatement } from "./plan.js";

/** Bytes per element where one op runs at a time: bool is a byte, every other dtype is kept in 32 bits. */
export const logicalBytes = { bool: 1, i32: 4, u32: 4, bf16: 4, f16: 4, f32: 4, f64: 4 } as const satisfies Record<DType, number>;

export type Scheduled = Pick<Plan, "dims" | "buffers" | "statements">;

/** `index`: the statement's place in the flat order, `for` bodies counted once, the `for` itself before its body. */
export type MemoryEvent = { readonly index: number; readonly statement: PlanStatement; readonly liveBytes: number };

type ForStatement = Extract<PlanStatement, { kind: "for" }>;
type MergeStatement = Extract<PlanStatement, { kind: "merge" }>;
/** The blocks of a loop that are visited, as start values in rising order. */
type Visit = (loop: ForStatement) => Iterable<number>;

/** Every executed statement in order. */
export const walkPlan = (plan: Scheduled): Generator<MemoryEvent, void> => new Simulation(plan, everyBlock).run();

/**
 * The peak without running every block: accumulators only grow, and all other bytes depend on whether a block is
 * the shorter last one, so that of the blocks of one length the latest is the worst.
 */
export function peakOf(plan: Scheduled): { readonly bytes: number; readonly at: number } {
  let peak = { bytes: givenBytes(plan), at: 0 };
  for (const { index, liveBytes } of new Simulation(plan, lastTwoBlocks).run())
    if (liveBytes > peak.bytes) peak = { bytes: liveBytes, at: index };
  return peak;
}

function* everyBlock({ extent, step }: ForStatement): Generator<number, void> {
  for (let value = 0; value < extent; value += step) yield value;
}

function lastTwoBlocks({ extent, step }: ForStatement): readonly number[] {
  const last = (Math.ceil(extent / step) - 1) * step;
  return last >= step ? [last - step, last] : [last];
}

function givenBytes({ buffers }: Scheduled): number {
  return buffers.filter(({ role }) => role === "given").reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The flat order. */
export function numberStatements(statements: readonly PlanStatement[]): ReadonlyMap<PlanStatement, number> {
  const numbers = new Map<PlanStatement, number>();
  const visit = (list: readonly PlanStatement[]): void => {
    for (const statement of list) {
      numbers.set(statement, numbers.size);
      if (statement.kind === "for") visit(statement.body);
      else if (statement.kind === "choose") [statement.early, statement.late].forEach(visit);
    }
  };
  visit(statements);
  return numbers;
}

/** Every merge inside each loop, with the loops around it from the outside in. */
function mergesByLoop(
  statements: readonly PlanStatement[],
): ReadonlyMap<ForStatement, readonly { readonly merge: MergeStatement; readonly nest: readonly ForStatement[] }[]> {
  const found = new Map<ForStatement, { merge: MergeStatement; nest: readonly ForStatement[] }[]>();
  const visit = (list: readonly PlanStatement[], nest: readonly ForStatement[]): void => {
    for (const statement of list) {
      if (statement.kind === "for") {
        found.set(statement, []);
        visit(statement.body, [...nest, statement]);
      } else if (statement.kind === "merge") for (const loop of nest) found.get(loop)?.push({ merge: statement, nest });
    }
  };
  visit(statements, []);
  return found;
}

class Simulation {
  readonly #plan: Scheduled;
  readonly #visit: Visit;
  readonly #numbers: ReadonlyMap<PlanStatement, number>;
  readonly #merges: ReturnType<typeof mergesByLoop>;
  readonly #buffers: ReadonlyMap<BufferId, Plan["buffers"][number]>;
  readonly #live = new Map<BufferId, number>();
  /** The current block of each open loop, outermost first. */
  readonly #nest = new Map<LoopId, { readonly value: number; readonly length: number }>();
  readonly #sizes: Record<string, number>;
  #total = 0;

  constructor(plan: Scheduled, visit: Visit) {
    this.#plan = plan;
    this.#visit = visit;
    this.#numbers = numberStatements(plan.statements);
    this.#merges = mergesByLoop(plan.statements);
    this.#buffers = new Map(plan.buffers.map((buffer) => [buffer.id, buffer]));
    this.#sizes = { ...plan.dims };
    for (const { id, role, bytes } of plan.buffers) if (role === "given") this.#set(id, bytes);
  }

  *run(statements: readonly PlanStatement[] = this.#plan.statements): Generator<MemoryEvent, void> {
    for (const statement of statements) {
      if (statement.kind === "for") {
        yield* this.#loop(statement);
        continue;
      }
      this.#execute(statement);
      yield { index: this.#numbers.get(statement) ?? 0, statement, liveBytes: this.#total };
    }
  }

  *#loop(loop: ForStatement): Generator<MemoryEvent, void> {
    for (const value of this.#visit(loop)) {
      const length = Math.min(loop.step, loop.extent - value);
      this.#nest.set(loop.loop, { value, length });
      this.#sizes[`@${loop.name}`] = length;
      for (const { merge, nest } of this.#merges.get(loop) ?? []) this.#set(merge.into, this.#filled(merge, nest));
      yield* this.run(loop.body);
    }
    this.#nest.delete(loop.loop);
    delete this.#sizes[`@${loop.name}`];
  }

  #execute(statement: Exclude<PlanStatement, ForStatement>): void {
    switch (statement.kind) {
      case "op": {
        const { dtype, shape } = statement.node.type;
        this.#set(
          statement.out,
          shape.reduce<number>((product, size) => product * evaluateSize(size, this.#sizes), logicalBytes[dtype]),
        );
        return;
      }
      case "cut": {
        const { dtype, shape } = this.#buffer(statement.from);
        this.#set(
          statement.out,
          shape.reduce<number>((product, extent, axis) => product * this.#along(statement.axes[axis] ?? null, extent), logicalBytes[dtype]),
        );
        return;
      }
      case "merge": {
        const part = this.#live.get(statement.part) ?? 0;
        this.#set(statement.part, 0);
        if (statement.first.every((loop) => this.#nest.get(loop)?.value === 0))
          this.#set(statement.into, (this.#live.get(statement.into) ?? 0) + part);
        return;
      }
      case "join":
        this.#set(statement.from, 0);
        this.#set(statement.out, this.#buffer(statement.out).bytes);
        return;
      case "free":
        this.#set(statement.buffer, 0);
        return;
      case "call":
      case "choose":
        throw new Error("a kernel plan has no logical memory, but an arena");
    }
  }

  /**
   * Bytes of an accumulator before the current block. The block that first reached a piece is the one with the piece's
   * indices and 0 along every other loop, so a piece is there when that block lies before the current one in loop order.
   */
  #filled({ into, axes }: MergeStatement, nest: readonly ForStatement[]): number {
    const { dtype, shape } = this.#buffer(into);
    const unit = shape.reduce<number>(
      (product, extent, axis) => ((axes[axis] ?? null) === null ? product * extent : product),
      logicalBytes[dtype],
    );
    const placed = nest.map(({ loop }) => axes.includes(loop));
    const whole = (from: number): number =>
      nest.reduce((product, { extent }, k) => (k >= from && placed[k] === true ? product * extent : product), 1);
    let same = 1;
    let filled = 0;
    for (const [k, { loop, step, extent }] of nest.entries()) {
      const { value, length } = this.#nest.get(loop) ?? { value: 0, length: Math.min(step, extent) };
      if (placed[k] === true) {
        filled += same * value * whole(k + 1);
        same *= length;
      } else if (value > 0) return unit * (filled + same * whole(k + 1));
    }
    return unit * filled;
  }

  #along(loop: LoopId | null, extent: number): number {
    return loop === null ? extent : (this.#nest.get(loop)?.length ?? extent);
  }

  #buffer(id: BufferId): Plan["buffers"][number] {
    const buffer = this.#buffers.get(id);
    if (buffer === undefined) throw new Error(`no buffer ${id}`);
    return buffer;
  }

  #set(id: BufferId, bytes: number): void {
    this.#total += bytes - (this.#live.get(id) ?? 0);
    if (bytes === 0) this.#live.delete(id);
    else this.#live.set(id, bytes);
  }
}
