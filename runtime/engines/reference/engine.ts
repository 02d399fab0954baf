/** The oracle as an engine: it needs no plan, and reads sizes from one. */
import type { Template } from "../../../compiler/compile.js";
import type { Graph, Node } from "../../../compiler/graph/graph.js";
import type { DType } from "../../../compiler/graph/type.js";
import type { Plan } from "../../../compiler/plan/plan.js";
import type { Target } from "../../../compiler/target.js";
import { convert, type HostArray, hostArray, values } from "../../data/host-array.js";
import type { Availability, Engine, Executable, RunRequest, RunResult } from "../../engine.js";
import { evaluateGraph } from "./evaluate.js";
import type { Value } from "./value.js";

export function createReferenceEngine(): Engine {
  return {
    name: "reference",
    probe: async (): Promise<Availability> => ({ available: true, detail: "interprets the graph in float64" }),
    target: (precision): Target => ({
      engine: "reference",
      granularity: "graph",
      memory: "logical",
      precision,
      alignment: 8,
      maxBytes: null,
      defaultScratchBytes: 2 ** 20,
    }),
    load: async (template): Promise<Executable> => new GraphExecutable(template),
    dispose: () => undefined,
  };
}

class GraphExecutable implements Executable {
  readonly #graph: Graph;
  readonly #inputs: readonly Node<"input">[];
  /** Float64 all along: a carried value is never narrowed. */
  readonly #carried = new Map<string, HostArray>();

  constructor({ graph }: Template) {
    this.#graph = graph;
    this.#inputs = graph.nodes.filter((node) => node.op === "input");
  }

  async run(plan: Plan, request: RunRequest): Promise<RunResult> {
    const started = performance.now();
    const inputs = new Map(this.#inputs.map(({ attrs: { name } }) => [name, valueOf(this.#given(name, request))]));
    const results = evaluateGraph(this.#graph, inputs, plan.dims);
    const outputs = new Map<string, HostArray>();
    const dtypes = outputTypes(this.#graph);
    for (const [name, value] of results) {
      const array = arrayOf(value, dtypes.get(name) ?? "f64");
      const input = request.carry?.get(name);
      if (input === undefined) outputs.set(name, array);
      else this.#carried.set(input, array);
    }
    return { outputs, stats: { runMs: performance.now() - started, measuredPeakBytes: 0, measuredBy: "none" } };
  }

  async read(input: string): Promise<HostArray> {
    const array = this.#carried.get(input);
    if (array === undefined) throw new Error(`nothing was carried to input ${input}`);
    return array;
  }

  dispose(): void {
    this.#carried.clear();
  }

  #given(name: string, { inputs }: RunRequest): HostArray {
    const array = inputs.get(name) ?? this.#carried.get(name);
    if (array === undefined) throw new Error(`input ${name} is neither given nor carried`);
    return array;
  }
}

const valueOf = (array: HostArray): Value => ({ shape: array.shape, data: Float64Array.from(values(array)) });

/** Integers and bools as they are declared; floats keep every digit, whatever their storage type. */
function arrayOf({ shape, data }: Value, dtype: DType): HostArray {
  const array = hostArray("f64", shape, data);
  return dtype === "bool" || dtype === "i32" || dtype === "u32" ? convert(array, dtype) : array;
}

function outputTypes(graph: Graph): ReadonlyMap<string, DType> {
  const types = new Map(graph.nodes.flatMap((node) => (node.op === "tile" ? [] : [[node.id, node.type.dtype] as const])));
  return new Map(graph.outputs.map(({ name, value }) => [name, types.get(value) ?? "f64"]));
}
