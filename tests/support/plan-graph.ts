/** From a graph to a run of its kernel plan, with block sizes of the test's choice. */
import { planWith, type Dims } from "../../compiler/bind.js";
import type { Template } from "../../compiler/compile.js";
import type { Graph } from "../../compiler/graph/graph.js";
import type { DType } from "../../compiler/graph/type.js";
import { scheduleGraph } from "../../compiler/plan/schedule.js";
import type { Plan } from "../../compiler/plan/plan.js";
import type { Target } from "../../compiler/target.js";
import { convert, hostArray, type HostArray, values } from "../../runtime/data/host-array.js";
import type { RunRequest } from "../../runtime/engine.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { type Blocks, tileChoices } from "./op-plan.js";

export function templateOf(graph: Graph, target: Target = createPlanrefEngine().target("f64")): Template {
  return { name: "test", target, graph, indexBounds: [], ...scheduleGraph(graph, target) };
}

/** `kept`: how many tiles of each of the schedule's keeps stay. */
export const planOf = (template: Template, dims: Dims, blocks: Blocks = {}, kept: readonly number[] = []): Plan =>
  planWith(template, dims, tileChoices(template.graph, dims, blocks), kept);

const toHost = ({ shape, data }: Value, dtype: DType): HostArray => convert(hostArray("f64", shape, Float64Array.from(data)), dtype);

export type RunOptions = {
  readonly audit?: NonNullable<RunRequest["audit"]>;
  /** False: the plan runs though it may be bad, to see what the poison finds. */
  readonly verify?: boolean;
};

export async function runPlan(
  template: Template,
  plan: Plan,
  inputs: ReadonlyMap<string, Value>,
  { audit, verify = true }: RunOptions = {},
): Promise<ReadonlyMap<string, Value>> {
  const dtypes = new Map(plan.inputs.map(({ name, buffer }) => [name, plan.buffers[buffer]?.dtype ?? "f64"]));
  const given = new Map([...inputs].map(([name, value]) => [name, toHost(value, dtypes.get(name) ?? "f64")]));
  const executable = await createPlanrefEngine({ verify }).load(template);
  const { outputs } = await executable.run(plan, audit === undefined ? { inputs: given } : { inputs: given, audit });
  executable.dispose();
  return new Map([...outputs].map(([name, array]) => [name, { shape: array.shape, data: Float64Array.from(values(array)) }]));
}
