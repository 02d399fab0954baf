/** A template's kernel plans: one for each choice of sizes and blocks, and what such a plan would cost without making it. */
import type { BatchId } from "../graph/size.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Target } from "../target.js";
import { leastArena, packArena, type Tenant } from "./arena.js";
import { BlockNumbers } from "./block-numbers.js";
import { type Decided, decideKept, decisionKey } from "./decide-kept.js";
import { countFlops } from "./flops.js";
import { bytesOf, instantiate } from "./instantiate.js";
import { busiestStep, mostAlive } from "./live-bytes.js";
import { handoversOf, type Trace, traceLives } from "./liveness.js";
import type { BufferId, Plan, TileChoice } from "./plan.js";
import type { Schedule } from "./symbolic-plan.js";

type Dims = Readonly<Record<BatchId, number>>;
type Traced = { readonly decided: Decided; readonly trace: Trace };

/** Buffers in numbers: sizes, lives and who hands over to whom. By the schedule's own numbering. */
type Tenancy = Traced & {
  readonly numbers: BlockNumbers;
  readonly bytes: readonly number[];
  readonly handovers: ReadonlyMap<BufferId, BufferId>;
  readonly tenants: readonly Tenant[];
  /** What the caller gives and the engine takes for itself. */
  readonly fixedBytes: number;
};

export class KernelPlanner {
  readonly #schedule: Schedule;
  readonly #kernels: readonly Kernel[];
  readonly #target: Target;
  readonly #dims: Dims;
  readonly #traced: Map<string, Traced>;
  /** The one that was asked for last: mostly it is asked for again. */
  #latest: { readonly key: string; readonly tenancy: Tenancy } | null = null;

  /** `sibling`: another of the same schedule, whose traces serve here too. */
  constructor(schedule: Schedule, kernels: readonly Kernel[], target: Target, dims: Dims, sibling: KernelPlanner | null = null) {
    this.#schedule = schedule;
    this.#kernels = kernels;
    this.#target = target;
    this.#dims = dims;
    this.#traced = sibling === null ? new Map() : sibling.#traced;
  }

  at(dims: Dims): KernelPlanner {
    return new KernelPlanner(this.#schedule, this.#kernels, this.#target, dims, this);
  }

  /** `counts`: how many tiles of each of the schedule's keeps stay; as many as there are where it asks for more, none where left out. */
  plan(tiles: readonly TileChoice[], counts: readonly number[] = []): Plan {
    const { decided, trace, numbers, handovers, tenants, fixedBytes } = this.#tenancy(tiles, counts);
    const draft = instantiate(this.#schedule, decided, trace, handovers, numbers);
    const arena = this.#pack(tenants, handovers);
    const offsets = this.#schedule.buffers.flatMap((_, id) => (decided.gone.has(id) ? [] : [arena.offsets.get(id) ?? null]));
    const buffers = draft.buffers.map((buffer, id) => ({ ...buffer, offset: offsets[id] ?? null }));
    return {
      target: this.#target,
      dims: this.#dims,
      tiles,
      kept: draft.kept,
      buffers,
      statements: draft.statements,
      inputs: this.#schedule.inputs,
      outputs: this.#schedule.outputs,
      arenaBytes: arena.bytes,
      peakBytes: fixedBytes + arena.bytes,
      peakAt: busiestStep(buffers, draft.steps),
      flops: countFlops(draft.statements, this.#kernels),
    };
  }

  /** `peakBytes` of the plan. */
  peakBytes(tiles: readonly TileChoice[], counts: readonly number[] = []): number {
    const { handovers, tenants, fixedBytes } = this.#tenancy(tiles, counts);
    return fixedBytes + this.#pack(tenants, handovers).bytes;
  }

  /** What is alive at once: never more than the peak, and sooner known. */
  leastBytes(tiles: readonly TileChoice[], counts: readonly number[] = []): number {
    const { handovers, tenants, fixedBytes } = this.#tenancy(tiles, counts);
    return fixedBytes + leastArena(tenants, handovers, this.#target.alignment, this.#target.guardBytes);
  }

  /** The most bytes alive at once in blocks: the scratch of the tiles. */
  blockBytes(tiles: readonly TileChoice[]): number {
    const numbers = new BlockNumbers(this.#schedule, this.#dims, tiles);
    const { trace } = this.#trace(numbers);
    return mostAlive(trace.blocks.map(({ buffer, first, end }) => ({ from: first, to: end, bytes: bytesOf(buffer, numbers) })));
  }

  /** How many tiles each of the schedule's keeps could hold. */
  totals(tiles: readonly TileChoice[]): readonly number[] {
    return new BlockNumbers(this.#schedule, this.#dims, tiles).totals;
  }

  #pack(tenants: readonly Tenant[], handovers: ReadonlyMap<BufferId, BufferId>) {
    return packArena(tenants, handovers, this.#target.alignment, this.#target.guardBytes);
  }

  #tenancy(tiles: readonly TileChoice[], counts: readonly number[]): Tenancy {
    const key = JSON.stringify([tiles, counts]);
    if (this.#latest?.key !== key) this.#latest = { key, tenancy: this.#numbered(tiles, counts) };
    return this.#latest.tenancy;
  }

  #numbered(tiles: readonly TileChoice[], counts: readonly number[]): Tenancy {
    const numbers = new BlockNumbers(this.#schedule, this.#dims, tiles, counts);
    const { decided, trace } = this.#trace(numbers);
    const last = Math.max(trace.steps - 1, 0);
    const tenants: Tenant[] = [];
    const bytes: number[] = [];
    let fixedBytes = this.#target.workspaceBytes ?? 0;
    for (const [id, buffer] of this.#schedule.buffers.entries()) {
      const own = decided.gone.has(id) ? 0 : bytesOf(buffer, numbers);
      bytes.push(own);
      if (buffer.role === "given") fixedBytes += own;
      else if (!decided.gone.has(id)) {
        const { first, end } = trace.lives[id] ?? { first: 0, end: 0 };
        tenants.push({ id, bytes: own, from: first, to: buffer.role === "result" && trace.lives[id] !== null ? last : end });
      }
    }
    return { decided, trace, numbers, bytes, handovers: handoversOf(trace, bytes, numbers), tenants, fixedBytes };
  }

  #trace(numbers: BlockNumbers): Traced {
    const key = decisionKey(numbers);
    const known = this.#traced.get(key);
    if (known !== undefined) return known;
    const decided = decideKept(this.#schedule, numbers);
    const trace = traceLives(decided.statements, this.#schedule.buffers, decided.gone, this.#kernels);
    const traced = { decided, trace };
    this.#traced.set(key, traced);
    return traced;
  }
}
