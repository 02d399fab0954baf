/** The kernels of a program in the order of their calls, with their extents: what kernels a value becomes. */
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { compileText } from "./compile-text.js";
import { planFor } from "./run-engine.js";

const target = { ...createPlanrefEngine().target("f32"), maxBytes: null };

/** As "contract 15 6 4", at n = 5. */
export function kernelCalls(text: string): readonly string[] {
  const { template } = compileText(text, { target, gradients: false });
  const found: string[] = [];
  const visit = (statements: ReturnType<typeof planFor>["statements"]): void => {
    for (const statement of statements) {
      if (statement.kind === "for") visit(statement.body);
      if (statement.kind === "call")
        found.push(`${template.kernels[statement.kernel]?.form} ${statement.extents.map((extent) => JSON.stringify(extent)).join(" ")}`);
    }
  };
  visit(planFor(template, { n: 5 }, null).statements);
  return found;
}
