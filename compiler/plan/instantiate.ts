/** A schedule with numbers in it: sizes and blocks evaluated, buffers freed after their last use. Offsets are still missing. */
import { constant, degree, product, type Size, substituteSize } from "../graph/size.js";
import { dtypeBytes, type Shape } from "../graph/type.js";
import { type BlockNumbers, exact } from "./block-numbers.js";
import type { Decided } from "./decide-kept.js";
import type { Trace } from "./liveness.js";
import type { BufferId, KeptTiles, PlanBuffer, PlanStatement } from "./plan.js";
import type { Schedule, SymbolicBuffer, SymbolicStatement } from "./symbolic-plan.js";

export type DraftBuffer = Omit<PlanBuffer, "offset">;

export type Draft = {
  readonly statements: readonly PlanStatement[];
  readonly buffers: readonly DraftBuffer[];
  readonly kept: readonly KeptTiles[];
  /** Length of the flat order. */
  readonly steps: number;
};

/** `handovers`: result → operand whose bytes it takes over, which is then not freed. */
export function instantiate(
  schedule: Schedule,
  { statements, gone }: Decided,
  trace: Trace,
  handovers: ReadonlyMap<BufferId, BufferId>,
  numbers: BlockNumbers,
): Draft {
  /** Where nothing is kept there is no buffer, and those behind it move up. */
  const remaining = schedule.buffers.flatMap((_, id) => (gone.has(id) ? [] : [id]));
  const places = new Map(remaining.map((old, id) => [old, id]));
  const placeOf = (old: BufferId): BufferId => places.get(old) ?? raise(old);
  const takenOver = new Set(handovers.values());

  // Statements are counted twice: as they were traced, and with the frees among them.
  const begins = new Map<number, number>();
  const ends = new Map<number, number>();
  let [traced, steps] = [0, 0];
  const list = (symbolic: readonly SymbolicStatement[]): readonly PlanStatement[] =>
    symbolic.flatMap((each) => {
      const at = traced;
      begins.set(at, steps);
      const made = statement(each);
      ends.set(at, steps - 1);
      const frees = (trace.dying.get(at) ?? []).filter((id) => !takenOver.has(id));
      steps += frees.length;
      return [made, ...frees.map((id): PlanStatement => ({ kind: "free", buffer: placeOf(id) }))];
    });
  const statement = (symbolic: SymbolicStatement): PlanStatement => {
    traced++;
    steps++;
    switch (symbolic.kind) {
      case "for": {
        const { name, extent, block } = numbers.range(symbolic.loop);
        return { kind: "for", loop: symbolic.loop, name, extent, step: block, body: list(symbolic.body) };
      }
      case "choose": {
        const { keep, loops } = symbolic;
        const below = numbers.kept[keep] ?? 0;
        return { kind: "choose", loops, below, early: [statement(symbolic.early)], late: [statement(symbolic.late)] };
      }
      case "call": {
        const { operands, extents, parameters, first, span } = symbolic.call;
        return {
          kind: "call",
          kernel: symbolic.kernel,
          operands: operands.map((view) => ({ buffer: placeOf(view.buffer), ...numbers.window(view) })),
          extents: extents.map((size) => numbers.extent(size)),
          parameters: parameters.map(({ size, start }) => ({ value: numbers.fixed(size), loop: start })),
          first,
          span,
        };
      }
    }
  };
  const planned = list(statements);

  const end = Math.max(steps - 1, 0);
  const lifeOf = (id: BufferId, { role }: SymbolicBuffer): Pick<PlanBuffer, "from" | "to"> => {
    const life = trace.lives[id] ?? null;
    if (life === null) return { from: 0, to: role === "given" ? end : 0 };
    const outlasts = role === "given" || role === "result";
    return { from: role === "given" ? 0 : (begins.get(life.first) ?? 0), to: outlasts ? end : (ends.get(life.last) ?? 0) };
  };
  const blockSizes = Object.fromEntries(Object.entries(numbers.blocks).map(([id, size]) => [id, constant(size)]));
  const elements = new Map<Shape, Size>();
  const buffers = remaining.map((old, id): DraftBuffer => {
    const buffer = schedule.buffers[old] ?? raise(old);
    const { name, role, dtype, span } = buffer;
    const shape = buffer.shape.map((size) => numbers.full(size));
    const size = elements.get(buffer.shape) ?? substituteSize(product(buffer.shape), blockSizes);
    elements.set(buffer.shape, size);
    return { id, name, role, dtype, shape, bytes: bytesOf(buffer, numbers), size, degree: degree(size), ...lifeOf(old, buffer), span };
  });
  const kept = schedule.keeps.map(({ buffer, tiles }, keep): KeptTiles => {
    const { bytes } = buffers[places.get(buffer) ?? -1] ?? { bytes: 0 };
    return { tiles, count: numbers.kept[keep] ?? 0, of: numbers.totals[keep] ?? 0, bytes };
  });
  return { statements: planned, buffers, kept, steps };
}

export const bytesOf = ({ dtype, shape }: SymbolicBuffer, numbers: BlockNumbers): number => exact(dtypeBytes[dtype] * numbers.count(shape));

function raise(id: number): never {
  throw new Error(`the schedule has no buffer ${id}`);
}
