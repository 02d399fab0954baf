/** Many small programs loaded as one: an engine that compiles does so once, and not for each of hundreds. */
import type { Template } from "../../compiler/compile.js";
import type { Plan, PlanStatement } from "../../compiler/plan/plan.js";
import type { Engine, RunRequest, RunResult } from "../../runtime/engine.js";

export type Together = {
  /** Runs a plan of one of the templates that were loaded. */
  readonly run: (template: Template, plan: Plan, request: RunRequest) => Promise<RunResult>;
  readonly dispose: () => void;
};

/** Engines of kernels get the kernels of all templates as one template's; others load each where it runs. */
export async function loadTogether(engine: Engine, templates: readonly Template[]): Promise<Together> {
  const [first] = templates;
  if (first === undefined || first.target.granularity !== "kernel") return { run: (...run) => loadAndRun(engine, ...run), dispose: () => undefined };
  const begins = new Map<Template, number>();
  let kernels: Template["kernels"] = [];
  for (const template of templates) {
    begins.set(template, kernels.length);
    kernels = [...kernels, ...template.kernels];
  }
  const deepest = templates.reduce((most, one) => (loops(one) > loops(most) ? one : most));
  const executable = await engine.load({ ...deepest, kernels });
  return {
    run: (template, plan, request) => {
      const begin = begins.get(template);
      if (begin === undefined) throw new Error("the template is not among those that were loaded");
      return executable.run({ ...plan, statements: plan.statements.map((statement) => moved(statement, begin)) }, request);
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

/** The same statement where the template's kernels begin at another number. */
function moved(statement: PlanStatement, by: number): PlanStatement {
  const list = (statements: readonly PlanStatement[]): readonly PlanStatement[] => statements.map((one) => moved(one, by));
  switch (statement.kind) {
    case "for":
      return { ...statement, body: list(statement.body) };
    case "choose":
      return { ...statement, early: list(statement.early), late: list(statement.late) };
    case "call":
      return { ...statement, kernel: statement.kernel + by };
    default:
      return statement;
  }
}
