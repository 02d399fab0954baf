/** A compiled program on an engine, from float64 values to float64 values: what tests compare. */
import { type BindOptions, bind, type Dims, planWith } from "../../compiler/bind.js";
import type { Template } from "../../compiler/compile.js";
import { isTile } from "../../compiler/graph/graph.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { convert, type HostArray, hostArray, values } from "../../runtime/data/host-array.js";
import type { Engine, Executable } from "../../runtime/engine.js";
import { tileChoices } from "./op-plan.js";

export type Value = { readonly shape: readonly number[]; readonly data: Float64Array };

/** The plan with blocks of the given sizes, or as bind chooses. */
export function planFor(template: Template, dims: Dims, blocks: Readonly<Record<string, number>> | null, options: BindOptions = {}): Plan {
  if (blocks === null) {
    const bound = bind(template, dims, options);
    if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => d.message).join("\n"));
    return bound.plan;
  }
  return planWith(template, dims, tileChoices(template.graph, dims, blocks));
}

export async function runOn(
  engine: Engine,
  template: Template,
  plan: Plan,
  inputs: ReadonlyMap<string, Value>,
): Promise<ReadonlyMap<string, Value>> {
  const executable = await engine.load(template);
  try {
    return await runLoaded((...run) => executable.run(...run), template, plan, inputs);
  } finally {
    executable.dispose();
  }
}

/** `run`: of an executable that the template is loaded in. */
export async function runLoaded(
  run: Executable["run"],
  template: Template,
  plan: Plan,
  inputs: ReadonlyMap<string, Value>,
): Promise<ReadonlyMap<string, Value>> {
  const { outputs } = await run(plan, { inputs: hostInputs(template, plan, inputs) });
  return new Map([...outputs].map(([name, array]) => [name, { shape: array.shape, data: Float64Array.from(values(array)) }]));
}

export function hostInputs(template: Template, plan: Plan, inputs: ReadonlyMap<string, Value>): ReadonlyMap<string, HostArray> {
  const result = new Map<string, HostArray>();
  for (const node of template.graph.nodes) {
    if (isTile(node) || node.op !== "input") continue;
    const value = inputs.get(node.attrs.name);
    if (value === undefined) throw new Error(`no value for ${node.attrs.name}`);
    const dtype = node.type.dtype === "f32" ? plan.target.precision : node.type.dtype;
    result.set(node.attrs.name, convert(hostArray("f64", value.shape, value.data), dtype));
  }
  return result;
}
