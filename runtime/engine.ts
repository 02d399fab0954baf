/** The interface of every engine. An engine is a connector: it contains no decision that the plan could have made. */
import type { CallStatement, Plan } from "../compiler/plan/plan.js";
import type { Target } from "../compiler/target.js";
import type { Template } from "../compiler/compile.js";
import type { HostArray } from "./data/host-array.js";

export type Availability =
  /** `detail` names what was found and proven, e.g. "libtensorflow 2.21, GPU". */
  | { readonly available: true; readonly detail: string }
  /** `fix` is a command or a sentence that a person can act on. */
  | { readonly available: false; readonly reason: string; readonly fix: string };

export type RunRequest = {
  /** Host values of the plan's inputs; a carried input may be left out from the second run on. */
  readonly inputs: ReadonlyMap<string, HostArray>;
  /** result name → input name: such results stay in the engine and are that input of the next run. */
  readonly carry?: ReadonlyMap<string, string>;
  /** Ends a run early, where the engine can: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Asks for `RunStats.calls`. */
  readonly timeCalls?: boolean;
  /** Called after every executed statement with the plan's live bytes and the engine's own count: for tests. */
  readonly audit?: (event: { readonly statement: number; readonly plannedBytes: number; readonly actualBytes: number }) => void;
};

/** What a call of a plan took in one run: in all its turns together, on all threads. */
export type CallTime = { readonly call: CallStatement; readonly ms: number; readonly turns: number };

export type RunStats = {
  readonly runMs: number;
  readonly measuredPeakBytes: number;
  /** "tf.memory", "arena", "none": how the peak was measured. */
  readonly measuredBy: string;
  /** Of an engine that times calls, where it is asked to. */
  readonly calls?: readonly CallTime[];
};

/** Large outputs may lie in the executable's own memory: its next run writes over them. Copy what must stay. */
export type RunResult = { readonly outputs: ReadonlyMap<string, HostArray>; readonly stats: RunStats };

export interface Executable {
  run(plan: Plan, request: RunRequest): Promise<RunResult>;
  /** The current host value of a carried input. */
  read(input: string): Promise<HostArray>;
  dispose(): void;
}

export interface Engine {
  readonly name: string;
  /** Its runs heed their signal: somebody may take Ctrl-C away from the process. */
  readonly endsEarly?: true;
  probe(): Promise<Availability>;
  target(precision: "f32" | "f64"): Target;
  load(template: Template): Promise<Executable>;
  dispose(): void;
}
