/** Engines by name, loaded when asked for. A named engine is that engine or an error; only `auto` chooses. */
import type { Availability, Engine } from "../engine.js";
import { UserError } from "../user-error.js";
import type { BackendName } from "./tfjs/load-backend.js";

async function tfjs(backend: BackendName): Promise<Engine> {
  const [{ createTfjsEngine }, { loadBackend }] = await Promise.all([import("./tfjs/engine.js"), import("./tfjs/load-backend.js")]);
  const { tf, ...loaded } = await loadBackend(backend);
  return createTfjsEngine(tf, { name: `tfjs:${backend}`, ...loaded });
}

/** What the command line says of engines that have such a choice. */
export type EngineSettings = {
  /** Default: as many as this process may use. */
  readonly threads?: number;
  /** Default true: compiled libraries are kept. */
  readonly useCache?: boolean;
};
type Open = (settings: EngineSettings, tell: (line: string) => void) => Promise<Engine>;

const loaders = {
  native: async (settings, tell) => (await import("./native/engine.js")).createNativeEngine({ ...settings, tell }),
  reference: async () => (await import("./reference/engine.js")).createReferenceEngine(),
  planref: async () => (await import("./planref/engine.js")).createPlanrefEngine(),
  "tfjs:node-gpu": () => tfjs("node-gpu"),
  "tfjs:node": () => tfjs("node"),
  "tfjs:wasm": () => tfjs("wasm"),
  "tfjs:cpu": () => tfjs("cpu"),
} as const satisfies Record<string, Open>;

export type EngineName = keyof typeof loaders;
/** `tfjs`: the best backend of TensorFlow.js. `auto`: the best engine for the precision. */
export type EngineChoice = EngineName | "tfjs" | "auto";

const isLoader = (text: string): text is EngineName => Object.hasOwn(loaders, text);

export const engineNames: readonly EngineName[] = Object.keys(loaders).filter(isLoader);
export const engineChoices: readonly EngineChoice[] = ["auto", "tfjs", ...engineNames];

export const isEngineChoice = (text: string): text is EngineChoice => engineChoices.some((choice) => choice === text);

/** Best first. */
const ranking = {
  tfjs: { f32: ["tfjs:node-gpu", "tfjs:node", "tfjs:wasm"], f64: ["tfjs:wasm"] },
  auto: { f32: ["tfjs:node-gpu", "native", "tfjs:node", "tfjs:wasm"], f64: ["native", "planref"] },
} as const satisfies Record<"tfjs" | "auto", Record<"f32" | "f64", readonly EngineName[]>>;

/** Opens an engine. A choice among several is told in one line: what runs, and why nothing better. */
export async function openEngine(
  choice: EngineChoice,
  precision: "f32" | "f64",
  tell: (line: string) => void,
  settings: EngineSettings = {},
): Promise<Engine> {
  if (choice !== "tfjs" && choice !== "auto") return loaders[choice](settings, tell);
  const passedOver: string[] = [];
  let failure: unknown = null;
  for (const name of ranking[choice][precision]) {
    try {
      const engine = await loaders[name](settings, tell);
      const probed = await engine.probe();
      const detail = probed.available ? probed.detail : probed.reason;
      tell(`engine: ${name} (${detail})${passedOver.length === 0 ? "" : `; not ${passedOver.join("; not ")}`}`);
      return engine;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failure = error;
      passedOver.push(`${name}: ${error.message.replace(/\.$/, "")}`);
    }
  }
  throw failure;
}

/** Every engine with what was found, or the reason and the fix. */
export async function probeEngines(): Promise<ReadonlyMap<EngineName, Availability>> {
  const found = new Map<EngineName, Availability>();
  for (const name of engineNames) {
    try {
      found.set(name, await (await loaders[name]({}, () => undefined)).probe());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.set(name, { available: false, reason: error.message, fix: error.help.join("; ") });
    }
  }
  return found;
}
