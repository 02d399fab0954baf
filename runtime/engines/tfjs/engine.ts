/** TensorFlow.js as an engine: runs `op` plans on whatever backend of an injected namespace. */
import type { Template } from "../../../compiler/compile.js";
import { isTile } from "../../../compiler/graph/graph.js";
import type { Target } from "../../../compiler/target.js";
import type { Availability, Engine, Executable } from "../../engine.js";
import { userError } from "../../user-error.js";
import { TfjsExecutable } from "./executable.js";
import { messages } from "./messages.js";
import { rules } from "./op-rules.js";
import { type Backend, type Quirks, quirks } from "./quirks.js";
import type { TensorFlow } from "./tensorflow.js";

export type TfjsOptions = {
  /** The engine's name, e.g. "tfjs:wasm". */
  readonly name: string;
  /** The name under which the backend is registered and ready. */
  readonly backend: Backend;
  /** What was found, for people: "libtensorflow 2.21.0, GPU". */
  readonly detail: string;
};

/** One tile of this and its neighbours stays in a last-level cache; larger tiles were not faster. */
const DEFAULT_SCRATCH_BYTES = 32 * 2 ** 20;

export function createTfjsEngine(tf: TensorFlow, options: TfjsOptions): Engine {
  const known: Quirks = quirks[options.backend];
  return {
    name: options.name,
    probe: async (): Promise<Availability> => ({ available: true, detail: options.detail }),
    target: (precision): Target => {
      if (precision === "f64") throw userError(messages.precision, { engine: options.name }, 2);
      return {
        engine: options.name,
        granularity: "op",
        memory: "logical",
        precision,
        alignment: 4,
        maxBytes: known.heap?.planned ?? null,
        defaultScratchBytes: DEFAULT_SCRATCH_BYTES,
      };
    },
    load: async (template): Promise<Executable> => {
      refuseUnsupported(template);
      return new TfjsExecutable({ tf, quirks: known, ...options });
    },
    dispose: () => undefined,
  };
}

/** A composite or a structural op in a plan is a fault of the compiler; say so before anything runs. */
function refuseUnsupported({ graph }: Template): void {
  for (const node of graph.nodes.flatMap((n) => (isTile(n) ? n.body.nodes : [n]))) {
    if (isTile(node) || node.op === "arg" || node.op === "input" || node.op === "project") continue;
    const rule = rules[node.op];
    if ("unsupported" in rule) throw new Error(`${node.op}: ${rule.unsupported}`);
  }
}
