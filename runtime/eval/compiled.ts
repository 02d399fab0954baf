/** A program on an engine, run at whatever batch sizes come: compiled once, bound anew where a size is new. */
import { bind, type Dims } from "../../compiler/bind.js";
import { type Compilable, compileProgram, type Template } from "../../compiler/compile.js";
import type { Plan } from "../../compiler/plan/plan.js";
import type { Diagnostic } from "../../grammar/diagnostic.js";
import type { HostArray } from "../data/host-array.js";
import type { Engine, Executable } from "../engine.js";

/** An engine, what floats are computed in on it, and the most bytes that a plan may hold. */
export type Machine = {
  readonly engine: Engine;
  readonly precision: "f32" | "f64";
  readonly memoryBytes?: number;
  /** Ends a run early, where the engine can. */
  readonly signal?: AbortSignal;
};

/** No plan of these sizes keeps within the budget. Whoever knows the sources shows the diagnostics. */
export class DoesNotFit extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join("\n"));
    this.diagnostics = diagnostics;
  }
}

/** A last, smaller batch brings a second plan; sizes that go to and fro need no more. */
const PLANS_KEPT = 4;

export class Compiled {
  readonly #machine: Machine;
  readonly #template: Template;
  readonly #executable: Executable;
  readonly #plans = new Map<string, Plan>();

  private constructor(machine: Machine, template: Template, executable: Executable) {
    this.#machine = machine;
    this.#template = template;
    this.#executable = executable;
  }

  static async load(program: Compilable, machine: Machine): Promise<Compiled> {
    const { template, diagnostics } = compileProgram(program, { target: machine.engine.target(machine.precision), gradients: [] });
    if (template === null) throw new DoesNotFit(diagnostics);
    return new Compiled(machine, template, await machine.engine.load(template));
  }

  get graph(): Template["graph"] {
    return this.#template.graph;
  }

  get indexBounds(): Template["indexBounds"] {
    return this.#template.indexBounds;
  }

  /** Throws `DoesNotFit` where the budget is too small for these sizes. */
  plan(dims: Dims): Plan {
    const key = JSON.stringify(Object.entries(dims).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const { memoryBytes } = this.#machine;
    const { plan, diagnostics } = bind(this.#template, dims, memoryBytes === undefined ? {} : { memoryBytes });
    if (plan === null) throw new DoesNotFit(diagnostics);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size >= PLANS_KEPT && oldest !== undefined) this.#plans.delete(oldest);
    this.#plans.set(key, plan);
    return plan;
  }

  /** Large results lie in the engine's memory until the next run. */
  async run(dims: Dims, inputs: ReadonlyMap<string, HostArray>): Promise<ReadonlyMap<string, HostArray>> {
    const { signal } = this.#machine;
    const { outputs } = await this.#executable.run(this.plan(dims), { inputs, ...(signal === undefined ? {} : { signal }) });
    return outputs;
  }

  dispose(): void {
    this.#executable.dispose();
  }
}
