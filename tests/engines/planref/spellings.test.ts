/** Every spelling of a pair loss, from its text to a run of its plan: values as the graph means them, nothing n×m held, bytes as planned. */
import { describe, expect, test } from "vitest";
import { bind } from "../../../compiler/bind.js";
import { escapes } from "../../../compiler/plan/verify-plan.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { head, spellings } from "../../closed-form/programs.js";
import { expectAllClose } from "../../support/close.js";
import { compileText } from "../../support/compile-text.js";
import { planOf, runPlan } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";

const target = createPlanrefEngine().target("f64");
const rows = 13;

describe("each spelling runs as a kernel plan", () => {
  for (const spelling of spellings)
    test(spelling.name, async () => {
      const rectangular = spelling.rectangular ?? false;
      const { template } = compileText(`pipeline p {${head(rectangular)}${spelling.body}}`, { target });
      const dims = rectangular ? { n: rows, m: 9 } : { n: rows };
      const random = randomFrom(5);
      const inputs = new Map<string, Value>();
      for (const node of template.graph.nodes) {
        if (node.op !== "input") continue;
        const shape = node.attrs.type.shape.map((size) =>
          size.reduce((sum, { coef, pow }) => sum + coef * Object.keys(pow).reduce((value, id) => value * (id === "m" ? 9 : rows), 1), 0),
        );
        // Every label occurs, so that each row has a positive.
        let at = 0;
        const draw = node.attrs.type.dtype === "i32" ? () => at++ % 3 : () => 0.5 * random.normal();
        inputs.set(node.attrs.name, { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw) });
      }
      for (const blocks of [
        { i: 5, j: 4 },
        { i: 64, j: 3 },
      ]) {
        const plan = planOf(template, dims, blocks);
        expect(escapes(plan).map(({ name }) => name)).toEqual([]);
        expectAllClose(await runPlan(template, plan, inputs), evaluateGraph(template.graph, inputs, dims, { blocks }), 1e-12, 1e-3);
      }
      expect(bind(template, dims).diagnostics).toEqual([]);
    });
});
