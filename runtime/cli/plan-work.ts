/** A program within a budget: whole where that fits, else with values made again on the way back, else in slices of rows. */
import { bind, type Bound, type Dims } from "../../compiler/bind.js";
import type { Template } from "../../compiler/compile.js";
import type { MadeAgain } from "../../compiler/passes/saved/made-again.js";
import type { Plan } from "../../compiler/plan/plan.js";
import type { Target } from "../../compiler/target.js";
import { type Bend, type CompiledWork, type CompileWork, prepareWork, type PreparedWork } from "./compile-work.js";
import { exitCodes } from "./exit-codes.js";
import type { LoadedProgram } from "./load-program.js";
import { ProgramRefused } from "./program-refused.js";

/** What the budget made of the work: what is made again on the way back, of how many rungs; and whether rows run in slices. */
export type Bent = {
  readonly recompute: number;
  readonly rungs: number;
  readonly madeAgain: readonly MadeAgain[];
  readonly microBatch: boolean;
};

export type BoundWork = CompiledWork & { readonly plan: Plan; readonly bindMs: number; readonly bent: Bent };

/** A line for whoever runs it; nothing where the budget changed nothing. */
export function tellBent({ recompute, rungs, microBatch }: Bent): string {
  if (microBatch) return "to fit the memory, towers run in slices of rows, and once more on the way back\n";
  if (recompute === 0) return "";
  return `to fit the memory, ${recompute} of ${rungs} choices of values are made again on the way back; sigc plan says which\n`;
}

/** Compiles and binds. Of what may be made again on the way back, as little as the budget asks for. `work`: where it is prepared already. */
export function planWork(
  loaded: LoadedProgram,
  options: CompileWork,
  dims: Dims,
  memoryBytes: number | undefined,
  work: PreparedWork = prepareWork(loaded, options),
): BoundWork {
  const attempts = new Attempts(work, dims, options.target, memoryBytes);
  const whole = attempts.may({}) ? fitting(attempts.bound({})) : null;
  if (whole !== null) return whole;
  const remade = fewestRungs(attempts);
  if (remade !== null) return remade;
  const cut = attempts.bound({ microBatch: true });
  if (cut.plan !== null) return cut;
  throw new ProgramRefused(cut.diagnostics, loaded.sources, exitCodes.runtime);
}

type Attempt = BoundWork | { readonly plan: null; readonly diagnostics: Bound["diagnostics"] };

const fitting = (attempt: Attempt): BoundWork | null => (attempt.plan === null ? null : attempt);

/** Bytes: with blocks as large as one likes, and what at least remains without them. */
type Need = { readonly peak: number; readonly least: number };

function needOf(template: Template, dims: Dims): Need {
  const { plan } = bind({ ...template, target: { ...template.target, maxBytes: null } }, dims);
  if (plan === null) return { peak: 0, least: 0 };
  const blocks = plan.buffers.reduce((sum, { role, bytes }) => (role === "block" ? sum + bytes : sum), 0);
  return { peak: plan.peakBytes, least: plan.peakBytes - blocks - template.target.defaultScratchBytes };
}

/** Beside the first two. */
const PROBES = 7;

/**
 * Nothing dropped does not fit; does everything? Then the edge is looked for where a straight line between what two of them need
 * meets the budget, and never less than an eighth of the way from either.
 */
function fewestRungs(attempts: Attempts): BoundWork | null {
  const { rungs, budget } = attempts;
  if (rungs === 0) return null;
  const attempt = (count: number): { readonly peak: number; readonly found: BoundWork | null } => {
    const { peak, least } = attempts.measure({ recompute: count });
    return { peak, found: least <= budget ? fitting(attempts.bound({ recompute: count })) : null };
  };
  const all = attempt(rungs);
  if (all.found === null) return null;
  let best: BoundWork = all.found;
  let low = { count: 0, peak: attempts.measure({}).peak };
  let high = { count: rungs, peak: all.peak };
  for (let probe = 0; probe < PROBES && high.count - low.count > 1; probe++) {
    const share = low.peak > high.peak ? (low.peak - budget) / (low.peak - high.peak) : 1 / 2;
    const step = Math.ceil((high.count - low.count) * Math.min(Math.max(share, 1 / 8), 7 / 8));
    const count = Math.min(low.count + step, high.count - 1);
    const { peak, found } = attempt(count);
    if (found === null) low = { count, peak };
    else [high, best] = [{ count, peak }, found];
  }
  return best;
}

class Attempts {
  readonly budget: number;
  readonly #work: PreparedWork;
  readonly #dims: Dims;
  #bindMs = 0;

  constructor(work: PreparedWork, dims: Dims, { maxBytes }: Target, memoryBytes: number | undefined) {
    this.#work = work;
    this.#dims = dims;
    this.budget = Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, maxBytes ?? Number.POSITIVE_INFINITY);
    this.#memory = memoryBytes === undefined ? {} : { memoryBytes };
  }

  readonly #memory: Parameters<typeof bind>[2];

  get rungs(): number {
    return this.#work.rungs();
  }

  measure(bend: Bend): Need {
    const { template } = this.#work.finish(bend);
    const started = performance.now();
    const need = needOf(template, this.#dims);
    this.#bindMs += performance.now() - started;
    return need;
  }

  may(bend: Bend): boolean {
    return !Number.isFinite(this.budget) || this.measure(bend).least <= this.budget;
  }

  bound(bend: Bend): Attempt {
    const compiled = this.#work.finish(bend);
    const { plan, diagnostics } = this.#bind(compiled.template, this.#memory);
    if (plan === null) return { plan, diagnostics };
    const { recompute = 0, microBatch = false } = bend;
    const made = recompute === 0 ? { rungs: 0, madeAgain: [] } : { rungs: this.rungs, madeAgain: this.#work.madeAgain(recompute) };
    return { ...compiled, plan, bindMs: this.#bindMs, bent: { recompute, ...made, microBatch } };
  }

  #bind(template: Template, options: Parameters<typeof bind>[2]): Bound {
    const started = performance.now();
    const result = bind(template, this.#dims, options);
    this.#bindMs += performance.now() - started;
    return result;
  }
}
