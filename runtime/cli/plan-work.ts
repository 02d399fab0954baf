/** A program within a budget: whole where that fits, else with values made again on the way back, else in slices of rows. */
import { bind, type Bound, type Dims } from "../../compiler/bind.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { type Bend, type CompiledWork, type CompileWork, prepareWork, type PreparedWork } from "./compile-work.js";
import { exitCodes } from "./exit-codes.js";
import type { LoadedProgram } from "./load-program.js";
import { ProgramRefused } from "./program-refused.js";

/** What the budget made of the work: `recompute` of `rungs` were dropped, and rows run in slices or not. */
export type Bent = { readonly recompute: number; readonly rungs: number; readonly microBatch: boolean };

export type BoundWork = CompiledWork & { readonly plan: Plan; readonly bindMs: number; readonly bent: Bent };

/** Compiles and binds. Of what may be made again on the way back, as little as the budget asks for, found by halving. */
export function planWork(loaded: LoadedProgram, options: CompileWork, dims: Dims, memoryBytes: number | undefined): BoundWork {
  const attempts = new Attempts(prepareWork(loaded, options), dims, memoryBytes);
  const whole = attempts.bound({});
  if (whole.plan !== null) return whole;
  const remade = fewestRungs(attempts);
  if (remade !== null) return remade;
  const cut = attempts.bound({ microBatch: true });
  if (cut.plan !== null) return cut;
  if (attempts.rungs > 0) {
    const both = attempts.bound({ microBatch: true, recompute: attempts.rungs });
    if (both.plan !== null) return both;
  }
  throw new ProgramRefused(cut.diagnostics, loaded.sources, exitCodes.runtime);
}

type Attempt = BoundWork | { readonly plan: null; readonly diagnostics: Bound["diagnostics"] };

/** Everything is dropped first: where that does not fit, nothing does. */
function fewestRungs(attempts: Attempts): BoundWork | null {
  if (attempts.rungs === 0) return null;
  let best = attempts.bound({ recompute: attempts.rungs });
  if (best.plan === null) return null;
  for (let [low, high] = [0, attempts.rungs]; high - low > 1; ) {
    const middle = Math.floor((low + high) / 2);
    const attempt = attempts.bound({ recompute: middle });
    if (attempt.plan === null) low = middle;
    else [high, best] = [middle, attempt];
  }
  return best;
}

class Attempts {
  readonly #work: PreparedWork;
  readonly #dims: Dims;
  readonly #budget: { readonly memoryBytes?: number };
  #bindMs = 0;

  constructor(work: PreparedWork, dims: Dims, memoryBytes: number | undefined) {
    this.#work = work;
    this.#dims = dims;
    this.#budget = memoryBytes === undefined ? {} : { memoryBytes };
  }

  get rungs(): number {
    return this.#work.rungs();
  }

  bound(bend: Bend): Attempt {
    const compiled = this.#work.finish(bend);
    const started = performance.now();
    const { plan, diagnostics } = bind(compiled.template, this.#dims, this.#budget);
    this.#bindMs += performance.now() - started;
    if (plan === null) return { plan, diagnostics };
    const { recompute = 0, microBatch = false } = bend;
    const rungs = recompute === 0 ? 0 : this.rungs;
    return { ...compiled, plan, bindMs: this.#bindMs, bent: { recompute, rungs, microBatch } };
  }
}
