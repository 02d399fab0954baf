/** Many small programs loaded as one: an engine that compiles does so once, and not for each of hundreds. */
import type { Template } from "../../compiler/compile.js";
import type { Kernel } from "../../compiler/kernel/kernel.js";
import type { Plan, PlanStatement } from "../../compiler/plan/plan.js";
import type { Engine, Executable, RunRequest, RunResult } from "../../runtime/engine.js";

export type Together = {
  /** Runs plans of one of the templates that were loaded. */
  readonly runOf: (template: Template) => Executable["run"];
  readonly dispose: () => void;
};

/** Engines of kernels get the kernels of all templates as one template's, equal ones once; others load each where it runs. */
export async function loadTogether(engine: Engine, templates: readonly Template[]): Promise<Together> {
  const [first] = templates;
  if (first === undefined || first.target.granularity !== "kernel")
    return { runOf: (template) => (plan, request) => loadAndRun(engine, template, plan, request), dispose: () => undefined };
  const known = new Map<string, number>();
  const kernels: Kernel[] = [];
  const place = (kernel: Kernel): number => {
    const text = JSON.stringify(kernel);
    const at = known.get(text) ?? kernels.push(kernel) - 1;
    known.set(text, at);
    return at;
  };
  const places = new Map(templates.map((template) => [template, template.kernels.map(place)]));
  const deepest = templates.reduce((most, one) => (loops(one) > loops(most) ? one : most));
  const executable = await engine.load({ ...deepest, kernels });
  return {
    runOf: (template) => {
      const at = places.get(template);
      if (at === undefined) throw new Error("the template is not among those that were loaded");
      return (plan, request) => executable.run({ ...plan, statements: plan.statements.map((statement) => moved(statement, at)) }, request);
    },
    dispose: () => executable.dispose(),
  };
}

async function loadAndRun(engine: Engine, template: Template, plan: Plan, request: RunRequest): Promise<RunResult> {
  const executable = await engine.load(template);
  try {
    return await executable.run(plan, request);
  } finally {
    executable.dispose();
  }
}

const loops = ({ schedule }: Template): number => schedule?.loops.length ?? 0;

/** The same statement where kernel k stands at `places[k]`. */
function moved(statement: PlanStatement, places: readonly number[]): PlanStatement {
  const list = (statements: readonly PlanStatement[]): readonly PlanStatement[] => statements.map((one) => moved(one, places));
  switch (statement.kind) {
    case "for":
      return { ...statement, body: list(statement.body) };
    case "choose":
      return { ...statement, early: list(statement.early), late: list(statement.late) };
    case "call":
      return { ...statement, kernel: places[statement.kernel] ?? -1 };
    default:
      return statement;
  }
}
