/** The engines that must pass, and the ones that are missing here with their reason. */
import type { Plan } from "../../compiler/plan/plan.js";
import { planWith } from "../../compiler/bind.js";
import type { Template } from "../../compiler/compile.js";
import type { Graph } from "../../compiler/graph/graph.js";
import type { DType } from "../../compiler/graph/type.js";
import { scheduleGraph } from "../../compiler/plan/schedule.js";
import type { Target } from "../../compiler/target.js";
import { convert, type HostArray, hostArray, values } from "../../runtime/data/host-array.js";
import type { Engine, RunRequest } from "../../runtime/engine.js";
import type { Value } from "../../runtime/engines/reference/value.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { type EngineName, openEngine } from "../../runtime/engines/registry.js";
import { UserError } from "../../runtime/user-error.js";
import { type Blocks, type Dims, tileChoices } from "../support/op-plan.js";
import { quickly } from "../support/quickly.js";
import { loadTogether } from "../support/together.js";

/** `tolerance`: how far results may be off, by the measures of the numerics contract. */
export type Subject = { readonly name: EngineName; readonly engine: Engine; readonly precision: "f32" | "f64"; readonly tolerance: number };
export type Missing = { readonly name: EngineName; readonly reason: string };

const wanted = [
  { name: "planref", precision: "f64", tolerance: 1e-12 },
  { name: "native", precision: "f64", tolerance: 1e-12 },
  { name: "native", precision: "f32", tolerance: 1e-5 },
  { name: "tfjs:wasm", precision: "f32", tolerance: 1e-5 },
  { name: "tfjs:cpu", precision: "f32", tolerance: 1e-5 },
  // One native package to a process.
  { name: process.env.SIG_TEST_NATIVE === "tfjs:node-gpu" ? "tfjs:node-gpu" : "tfjs:node", precision: "f32", tolerance: 1e-5 },
] as const satisfies readonly Omit<Subject, "engine">[];

/** One engine alone, as tests/support/suite-in-child.ts asks. */
const only = process.env["SIG_TEST_ENGINE"];
/** Every access checked (tests/runtime/engines/native/sanitized.test.ts). Traps and calls in place of code: half the time to compile. */
const sanitized = process.env["SIG_TEST_SANITIZED"] !== undefined;
const checked = [
  "-O0",
  "-fsanitize=address,undefined",
  "-fsanitize-undefined-trap-on-error",
  "--param=asan-instrumentation-with-call-threshold=0",
];
// It is in this process by now; the compilers that it starts would take ten times as long with it.
if (sanitized) delete process.env["LD_PRELOAD"];

export const subjects: Subject[] = [];
export const missing: Missing[] = [];
for (const subject of wanted.filter(({ name }) => only === undefined || name === only)) {
  try {
    subjects.push({ ...subject, engine: await open(subject) });
  } catch (error) {
    // Not installed is a reason to skip (a package, a compiler); installed and broken is a failure.
    if (!(error instanceof UserError) || (error.code !== "SIG6410" && error.code !== "SIG6501")) throw error;
    missing.push({ name: subject.name, reason: error.message });
  }
}

export function templateFor(graph: Graph, target: Target): Template {
  const formed = target.granularity === "kernel" ? scheduleGraph(graph, target) : { kernels: [], schedule: null };
  return { name: "conformance", target, graph, indexBounds: [], ...formed };
}

function open({ name, precision }: Omit<Subject, "engine">): Promise<Engine> {
  return name === "native"
    ? createNativeEngine({ extraFlags: sanitized ? checked : quickly, guardBytes: 64 })
    : openEngine(name, precision, () => undefined);
}

function host({ shape, data }: Value, dtype: DType): HostArray {
  const wide = hostArray("f64", shape, data);
  return dtype === "f64" ? wide : convert(wide, dtype);
}

export const isFloat = (dtype: DType | undefined): boolean => dtype !== "i32" && dtype !== "u32" && dtype !== "bool";

/** The storage types of inputs and outputs. */
export function portTypes(graph: Graph): { readonly inputs: ReadonlyMap<string, DType>; readonly outputs: ReadonlyMap<string, DType> } {
  const types = new Map(graph.nodes.flatMap((node) => (node.op === "tile" ? [] : [[node.id, node.type.dtype] as const])));
  return {
    inputs: new Map(graph.nodes.flatMap((node) => (node.op === "input" ? [[node.attrs.name, node.type.dtype] as const] : []))),
    outputs: new Map(graph.outputs.flatMap(({ name, value }) => (types.has(value) ? [[name, types.get(value) ?? "f64"] as const] : []))),
  };
}

/** Floats rounded to what the engine holds: both sides then compute from, and are compared as, the same numbers. */
export function rounded(
  values: ReadonlyMap<string, Value>,
  types: ReadonlyMap<string, DType>,
  precision: "f32" | "f64",
): ReadonlyMap<string, Value> {
  if (precision === "f64") return values;
  return new Map(
    [...values].map(([name, value]) => [name, isFloat(types.get(name)) ? { ...value, data: value.data.map(Math.fround) } : value]),
  );
}

export type GraphRun = { readonly outputs: ReadonlyMap<string, Value>; readonly plan: Plan; readonly peakBytes: number };

/** Blocks are of the test's choice. */
type RunArguments = readonly [inputs: ReadonlyMap<string, Value>, dims: Dims, blocks: Blocks, audit?: RunRequest["audit"]];

/** Graphs of one subject, loaded together. */
export type Runs = {
  readonly run: (graph: Graph, ...run: RunArguments) => Promise<GraphRun>;
  readonly dispose: () => void;
};

export async function loadGraphs({ engine, precision }: Omit<Subject, "tolerance">, graphs: readonly Graph[]): Promise<Runs> {
  const target = engine.target(precision);
  const templates = new Map(graphs.map((graph) => [graph, templateFor(graph, target)]));
  const loaded = await loadTogether(engine, [...templates.values()]);
  const float = precision === "f64" ? "f64" : "f32";
  return {
    run: async (graph, inputs, dims, blocks, audit) => {
      const template = templates.get(graph);
      if (template === undefined) throw new Error("the graph is not among those that were loaded");
      const plan = planWith(template, dims, tileChoices(graph, dims, blocks));
      const types = portTypes(graph).inputs;
      const given = new Map(
        [...inputs].map(([name, value]) => {
          const dtype = types.get(name) ?? float;
          return [name, host(value, isFloat(dtype) ? float : dtype)];
        }),
      );
      const { outputs, stats } = await loaded.runOf(template)(plan, audit === undefined ? { inputs: given } : { inputs: given, audit });
      return {
        outputs: new Map([...outputs].map(([name, array]) => [name, { shape: array.shape, data: Float64Array.from(values(array)) }])),
        plan,
        peakBytes: stats.measuredPeakBytes,
      };
    },
    dispose: loaded.dispose,
  };
}

/** The same for a graph alone. */
export async function runGraph(subject: Subject, graph: Graph, ...run: RunArguments): Promise<GraphRun> {
  const loaded = await loadGraphs(subject, [graph]);
  try {
    return await loaded.run(graph, ...run);
  } finally {
    loaded.dispose();
  }
}
