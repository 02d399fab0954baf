/** Runs of one program, and what they leave in the engine for the next: carried inputs. */
import { walkPlan } from "../../../compiler/plan/logical-memory.js";
import type { BufferId, Plan, PlanPort } from "../../../compiler/plan/plan.js";
import type { DType } from "../../../compiler/graph/type.js";
import type { HostArray } from "../../data/host-array.js";
import type { Executable, RunRequest, RunResult } from "../../engine.js";
import { UserError, userError } from "../../user-error.js";
import { download, type Port, upload } from "./host-transfer.js";
import { messages } from "./messages.js";
import { opMemory } from "./op-memory.js";
import { PlanRun } from "./plan-run.js";
import type { Backend, Quirks } from "./quirks.js";
import type { Tensor, TensorFlow } from "./tensorflow.js";

export type Context = { readonly tf: TensorFlow; readonly quirks: Quirks; readonly name: string; readonly backend: Backend };

type Resident = { readonly tensor: Tensor; readonly dtype: DType };

export class TfjsExecutable implements Executable {
  readonly #context: Context;
  readonly #residents = new Map<string, Resident>();
  #running = false;

  constructor(context: Context) {
    this.#context = context;
  }

  async run(plan: Plan, request: RunRequest): Promise<RunResult> {
    if (this.#running) throw new Error("an executable runs one plan at a time");
    this.#running = true;
    const { tf, quirks, name } = this.#context;
    const started = performance.now();
    const meter = new Meter(tf, plan, request.audit);
    const run = new PlanRun(tf, quirks, plan, () => meter.read());
    try {
      for (const { input } of portsOf(plan.inputs, plan)) if (request.inputs.has(input)) this.#forget(input);
      meter.start(plan.inputs.reduce((bytes, { name: input }) => bytes + bytesOf(this.#residents.get(input)?.tensor), 0));
      this.#refuseUnsafe(plan, meter.baseline);
      activate(this.#context);
      for (const port of portsOf(plan.inputs, plan)) this.#give(run, port, request);
      meter.begin();
      run.execute(plan.statements);
      const carry = request.carry ?? new Map<string, string>();
      const outputs = await this.#download(plan, run, carry);
      this.#carry(plan, run, carry);
      return { outputs, stats: { runMs: performance.now() - started, measuredPeakBytes: meter.peak, measuredBy: "tf.memory" } };
    } catch (error) {
      throw explained(error, name);
    } finally {
      run.dispose();
      this.#running = false;
    }
  }

  async read(input: string): Promise<HostArray> {
    const resident = this.#residents.get(input);
    if (resident === undefined) throw new Error(`nothing was carried to input ${input}`);
    return download(resident.tensor, resident.dtype);
  }

  dispose(): void {
    for (const input of this.#residents.keys()) this.#forget(input);
  }

  #forget(input: string): void {
    this.#residents.get(input)?.tensor.dispose();
    this.#residents.delete(input);
  }

  /** Before anything is allocated: past its limit the backend would corrupt data without a word. `others`: what lives there already. */
  #refuseUnsafe(plan: Plan, others: number): void {
    const { quirks, name } = this.#context;
    if (quirks.heap === null) return;
    const { planned, whole } = quirks.heap;
    const needed = plan.peakBytes + others;
    if (needed > planned || needed + opMemory(plan) > whole)
      throw userError(messages.wantsMoreThanIsSafe, { engine: name, limit: planned, needed, meanwhile: opMemory(plan) });
  }

  #give(run: PlanRun, port: Port & { readonly buffer: BufferId }, request: RunRequest): void {
    const array = request.inputs.get(port.input);
    const resident = this.#residents.get(port.input);
    if (array !== undefined) run.give(port.buffer, upload(this.#context.tf, this.#context.name, port, array));
    else if (resident !== undefined) run.lend(port.buffer, resident.tensor);
    else throw new Error(`input ${port.input} is neither given nor carried`);
  }

  async #download(plan: Plan, run: PlanRun, carry: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, HostArray>> {
    const outputs = new Map<string, HostArray>();
    for (const { name, buffer } of plan.outputs)
      if (!carry.has(name)) outputs.set(name, await download(run.tensor(buffer), dtypeOf(plan, buffer)));
    return outputs;
  }

  #carry(plan: Plan, run: PlanRun, carry: ReadonlyMap<string, string>): void {
    const next = new Map<string, Resident>();
    const taken = new Map<BufferId, Tensor>();
    for (const [result, input] of carry) {
      const buffer = plan.outputs.find(({ name }) => name === result)?.buffer;
      if (buffer === undefined) throw new Error(`result ${result} is carried and the plan has none of that name`);
      // A value that stays elsewhere too (an input passed through, a result under two names) is shared, not moved.
      const shared = taken.get(buffer) ?? run.tensor(buffer);
      const tensor = taken.has(buffer) || run.isLent(shared) ? shared.clone() : run.take(buffer);
      taken.set(buffer, tensor);
      next.set(input, { tensor, dtype: dtypeOf(plan, buffer) });
    }
    for (const [input, resident] of next) {
      this.#forget(input);
      this.#residents.set(input, resident);
    }
  }
}

/** Bytes of one run as `tf.memory` counts them, against the plan's. Other tensors of the process are left out. */
class Meter {
  readonly #tf: TensorFlow;
  readonly #audit: RunRequest["audit"];
  readonly #walk: ReturnType<typeof walkPlan> | null;
  baseline = 0;
  peak = 0;

  constructor(tf: TensorFlow, plan: Plan, audit: RunRequest["audit"]) {
    this.#tf = tf;
    this.#audit = audit;
    this.#walk = audit === undefined ? null : walkPlan(plan);
  }

  /** Before the uploads; `resident` bytes are there already and belong to the run. */
  start(resident: number): void {
    this.baseline = this.#tf.memory().numBytes - resident;
  }

  begin(): void {
    this.peak = this.#actual();
  }

  read(): void {
    const actualBytes = this.#actual();
    this.peak = Math.max(this.peak, actualBytes);
    if (this.#walk === null || this.#audit === undefined) return;
    const { value } = this.#walk.next();
    if (value === undefined) throw new Error("more statements were run than the plan has");
    this.#audit({ statement: value.index, plannedBytes: value.liveBytes, actualBytes });
  }

  #actual(): number {
    return this.#tf.memory().numBytes - this.baseline;
  }
}

const bytesOf = (tensor: Tensor | undefined): number => (tensor === undefined ? 0 : tensor.size * (tensor.dtype === "bool" ? 1 : 4));

function dtypeOf(plan: Plan, buffer: BufferId): DType {
  const found = plan.buffers.find(({ id }) => id === buffer);
  if (found === undefined) throw new Error(`no buffer ${buffer}`);
  return found.dtype;
}

function portsOf(ports: readonly PlanPort[], plan: Plan): readonly (Port & { readonly buffer: BufferId })[] {
  return ports.map(({ name, buffer }) => {
    const found = plan.buffers.find(({ id }) => id === buffer);
    if (found === undefined) throw new Error(`no buffer ${buffer}`);
    return { input: name, buffer, dtype: found.dtype, shape: found.shape };
  });
}

/** Backends share one registry in a process; one that is ready is chosen at once, without waiting. */
function activate({ tf, backend }: Context): void {
  if (tf.getBackend() !== backend) void tf.setBackend(backend);
  if (tf.getBackend() !== backend) throw new Error(`backend ${backend} is not ready`);
}

/** TensorFlow's status 8, V8's and Emscripten's ways to say that there is no memory. */
const OUT_OF_MEMORY = /\bOOM\b|Array buffer allocation failed|out of memory|memory access out of bounds|Invalid typed array length/i;

function explained(error: unknown, engine: string): unknown {
  if (error instanceof UserError || !(error instanceof Error) || !OUT_OF_MEMORY.test(error.message)) return error;
  return userError(messages.outOfMemory, { engine, reason: error.message });
}
