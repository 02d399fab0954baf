/**
 * What a kernel plan promises, checked without running it: nothing is read before it is written or after it is freed, every
 * window stays inside its buffer in every block, no two live buffers share a byte, results meet across blocks by merging.
 * A breach is a fault of the compiler and throws.
 */
import { dtypeBytes } from "../graph/type.js";
import type { Kernel } from "../kernel/kernel.js";
import { findOverlap, type Placed } from "./arena.js";
import { numberStatements } from "./logical-memory.js";
import type { BufferId, Extent, LoopId, Plan, PlanBuffer, PlanStatement, View } from "./plan.js";

type For = Extract<PlanStatement, { kind: "for" }>;
type Call = Extract<PlanStatement, { kind: "call" }>;
type Choose = Extract<PlanStatement, { kind: "choose" }>;
type Block = { readonly start: number; readonly length: number };
/** The loops around, and in how many of their turns, from the first, a statement runs at all. */
type Turns = { readonly loops: readonly For[]; readonly below: number };
/** With the blocks that stand for all others. */
type Around = Turns & { readonly corners: readonly ReadonlyMap<LoopId, Block>[] };

/** Buffers that grow with a product of batch sizes, apart from what the caller gives: a tiled program has none. */
export const escapes = (plan: Plan): readonly PlanBuffer[] => plan.buffers.filter(({ role, degree }) => role !== "given" && degree >= 2);

export function verifyPlan(plan: Plan, kernels: readonly Kernel[]): void {
  new Verifier(plan, kernels).run();
}

/** The operands that a kernel writes, one per result. */
export function writtenOperands(kernel: Kernel): readonly number[] {
  switch (kernel.form) {
    case "map":
    case "reduce":
    case "contract":
      return kernel.outs.map(({ operand }) => operand);
    case "gather":
    case "scatter_add":
    case "cumsum":
    case "sort":
      return [kernel.operands.length - 1];
  }
}

class Verifier {
  readonly #plan: Plan;
  readonly #kernels: readonly Kernel[];
  readonly #numbers: ReadonlyMap<PlanStatement, number>;
  readonly #written = new Set<BufferId>();
  /** Written in the first turns of loops only: how many, of loops that turn how often. */
  readonly #partly = new Map<BufferId, { readonly below: number; readonly turns: string }>();
  readonly #freed = new Set<BufferId>();

  constructor(plan: Plan, kernels: readonly Kernel[]) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#numbers = numberStatements(plan.statements);
  }

  run(): void {
    for (const buffer of this.#plan.buffers) {
      // Windows are held to shapes, memory is taken by bytes.
      const { id, role, dtype, shape, bytes } = buffer;
      if (bytes !== shape.reduce((total, extent) => total * extent, dtypeBytes[dtype]))
        fault(`${describe(buffer)} has other bytes than its shape`);
      if (role === "given") this.#written.add(id);
    }
    this.#list(this.#plan.statements, inAllTurns([]));
    for (const { name, buffer } of this.#plan.outputs) if (!this.#written.has(buffer)) fault(`output ${name} is never written`);
    this.#arena();
  }

  #buffer(id: BufferId): PlanBuffer {
    return this.#plan.buffers[id] ?? fault(`no buffer ${id}`);
  }

  #list(statements: readonly PlanStatement[], around: Around): void {
    for (const statement of statements)
      switch (statement.kind) {
        case "for":
          if (statement.step < 1 || statement.extent < 1) fault(`loop ${statement.name} runs to ${statement.extent} by ${statement.step}`);
          this.#list(statement.body, within({ ...around, loops: [...around.loops, statement] }));
          break;
        case "choose":
          this.#choose(statement, around);
          break;
        case "call":
          this.#call(statement, around);
          break;
        case "free":
          if (!(this.#written.has(statement.buffer) || this.#partly.has(statement.buffer)) || this.#freed.has(statement.buffer))
            fault(`${describe(this.#buffer(statement.buffer))} is freed without being alive`);
          this.#freed.add(statement.buffer);
          break;
        default:
          fault(`a kernel plan holds no ${statement.kind}`);
      }
  }

  #choose({ loops: counted, below, early, late }: Choose, { loops }: Around): void {
    if (counted.join() !== loops.map(({ loop }) => loop).join()) fault("a choice counts other loops than those around it");
    const turns = loops.map(turnsOf);
    if (below < 1 || below >= turns.reduce((product, count) => product * count, 1)) fault(`a choice between ${below} turns and no other`);
    const before = new Set(this.#written);
    const writtenBy = (branch: readonly PlanStatement[], around: Around): ReadonlySet<BufferId> => {
      this.#list(branch, around);
      const written = new Set([...this.#written].filter((id) => !before.has(id)));
      for (const id of written) this.#written.delete(id);
      return written;
    };
    const first = writtenBy(early, within({ loops, below }));
    const rest = writtenBy(late, inAllTurns(loops));
    for (const id of first) if (rest.has(id)) this.#written.add(id);
    for (const id of first) if (!rest.has(id)) this.#partly.set(id, { below, turns: turns.join() });
  }

  #isWritten(id: BufferId, { loops, below }: Around): boolean {
    const part = this.#partly.get(id);
    return this.#written.has(id) || (part !== undefined && below <= part.below && loops.map(turnsOf).join() === part.turns);
  }

  #call(call: Call, around: Around): void {
    const kernel = this.#kernels[call.kernel] ?? fault(`no kernel ${call.kernel}`);
    const step = this.#numbers.get(call) ?? -1;
    const written = writtenOperands(kernel);
    if (kernel.operands.length !== call.operands.length || call.first.length !== written.length)
      fault(`kernel ${call.kernel} is called with other operands than it has`);
    for (const [k, view] of call.operands.entries()) {
      const buffer = this.#buffer(view.buffer);
      if (step < buffer.from || step > buffer.to)
        fault(`${describe(buffer)} is used at step ${step}, outside its life ${buffer.from}..${buffer.to}`);
      if (this.#freed.has(view.buffer)) fault(`${describe(buffer)} is used at step ${step} after it is freed`);
      if (!written.includes(k) && !this.#isWritten(view.buffer, around))
        fault(`${describe(buffer)} is read at step ${step} before it is written`);
      if (view.dims.length !== kernel.operands[k]?.rank || buffer.dtype !== kernel.operands[k]?.dtype)
        fault(`${describe(buffer)} does not fit operand ${k} of kernel ${call.kernel}`);
      this.#inside(view, buffer, around);
    }
    written.forEach((operand, out) => {
      const view = call.operands[operand] ?? fault(`no operand ${operand}`);
      this.#meets(view, this.#buffer(view.buffer), call.first[out] ?? [], around.loops);
      this.#written.add(view.buffer);
    });
  }

  /** Each loop around must move a result that outlives it, or merge into it: else blocks overwrite each other. */
  #meets(view: View, buffer: PlanBuffer, first: readonly LoopId[], loops: readonly For[]): void {
    for (const { loop } of loops.filter((l) => this.#outlives(buffer, l)))
      if (view.bases.some((base) => base.loop === loop) === first.includes(loop))
        fault(`blocks of loop ${loop} overwrite each other in ${describe(buffer)}`);
  }
  #outlives(buffer: PlanBuffer, loop: For): boolean {
    const begin = this.#numbers.get(loop) ?? 0;
    return buffer.from <= begin;
  }

  /** The corners are enough: offsets are linear in starts, extents fall only in the last block. */
  #inside(view: View, buffer: PlanBuffer, around: Around): void {
    const count = buffer.shape.reduce((product, extent) => product * extent, 1);
    for (const blocks of around.corners) {
      const at = (loop: LoopId): Block => blocks.get(loop) ?? fault(`loop ${loop} does not run around a use of ${describe(buffer)}`);
      const start = view.bases.reduce((sum, { loop, stride }) => sum + at(loop).start * stride, view.offset);
      const extents = view.dims.map(({ extent }) => evaluateExtent(extent, at));
      const last = view.dims.reduce((sum, { stride }, axis) => sum + ((extents[axis] ?? 1) - 1) * stride, start);
      if (extents.some((extent) => extent < 1)) continue;
      if (start < 0 || last >= count) fault(`a window on ${describe(buffer)} reaches element ${last} of ${count}`);
    }
  }

  #arena(): void {
    const placed = this.#plan.buffers.flatMap(({ id, bytes, from, to, offset }): Placed[] =>
      offset === null ? [] : [{ id, bytes, from, to, offset }],
    );
    for (const { id, offset, bytes } of placed) {
      if (offset < 0 || offset + bytes > this.#plan.arenaBytes) fault(`${describe(this.#buffer(id))} leaves the arena`);
      if (offset % this.#plan.target.alignment !== 0) fault(`${describe(this.#buffer(id))} is not aligned`);
    }
    const pair = findOverlap(placed);
    if (pair !== null) fault(`${pair.map(({ id }) => describe(this.#buffer(id))).join(" and ")} share bytes while both are needed`);
  }
}

const turnsOf = ({ extent, step }: For): number => Math.ceil(extent / step);

const within = (turns: Turns): Around => ({ ...turns, corners: corners(turns) });
const inAllTurns = (loops: readonly For[]): Around => within({ loops, below: Number.POSITIVE_INFINITY });

/** Of each loop the first, the last whole and the last block; where only the first turns run, the last of those and the row before it. */
function corners({ loops, below }: Turns): readonly ReadonlyMap<LoopId, Block>[] {
  const counts = loops.map(turnsOf);
  const inner = (k: number): number => counts.slice(k + 1).reduce((product, count) => product * count, 1);
  const candidates = counts.map((count, k) => {
    const last = Number.isFinite(below) ? Math.floor((below - 1) / inner(k)) % count : 0;
    return [...new Set([0, last - 1, last, count - 2, count - 1])].filter((turn) => turn >= 0 && turn < count);
  });
  const turns = candidates.reduce<readonly (readonly number[])[]>(
    (outer, own) => outer.flatMap((before) => own.map((turn) => [...before, turn])),
    [[]],
  );
  return turns
    .filter((each) => each.reduce((before, turn, k) => before + turn * inner(k), 0) < below)
    .map((each) => new Map(loops.map(({ loop, extent, step }, k) => [loop, blockAt((each[k] ?? 0) * step, extent, step)])));
}

const blockAt = (start: number, extent: number, step: number): Block => ({ start, length: Math.min(step, extent - start) });

const evaluateExtent = (extent: Extent, at: (loop: LoopId) => Block): number =>
  typeof extent === "number"
    ? extent
    : extent.reduce((sum, { coef, loops }) => sum + loops.reduce((product, loop) => product * at(loop).length, coef), 0);

const describe = ({ id, name }: PlanBuffer): string => `buffer ${id} (${name})`;

function fault(message: string): never {
  throw new Error(`bad plan: ${message}`);
}
