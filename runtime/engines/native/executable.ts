/** Runs bound plans: one call into the library per run. Inputs are read where they lie; results are views of the arena. */
import { constants } from "node:buffer";
import type { Template } from "../../../compiler/compile.js";
import { dtypeBytes } from "../../../compiler/graph/type.js";
import type { BufferId, Plan, PlanBuffer } from "../../../compiler/plan/plan.js";
import { verifyPlan } from "../../../compiler/plan/verify-plan.js";
import { bytesOf, convert, type HostArray, type HostData, hostArray, zeros } from "../../data/host-array.js";
import type { CallTime, Executable, RunRequest, RunResult } from "../../engine.js";
import { userError } from "../../user-error.js";
import { checkGuards, fillGuards } from "./guards.js";
import type { Library } from "./library.js";
import { NativeMemory } from "./memory.js";
import { messages } from "./messages.js";
import { encodeProgram, type Program } from "./program.js";

type Prepared = { readonly program: Program; readonly pointers: BigUint64Array; readonly given: readonly PlanBuffer[] };

/** Below this much work a run is shorter than the way to another thread and back. */
const WORTH_A_THREAD = 2 ** 24;
/** Results up to this many bytes are copied, so that they outlive the next run. */
const COPIED_BYTES = 2 ** 20;

export class NativeExecutable implements Executable {
  readonly #template: Template;
  readonly #library: Library;
  readonly #prepared = new WeakMap<Plan, Prepared>();
  readonly #carried = new Map<string, HostArray>();
  readonly #session: bigint;
  #arena: NativeMemory | null = null;
  #running = false;
  #closed = false;

  constructor(template: Template, library: Library, threads: number) {
    this.#template = template;
    this.#library = library;
    this.#session = library.open(threads);
  }

  async run(plan: Plan, request: RunRequest): Promise<RunResult> {
    if (this.#running || this.#closed) throw new Error(this.#closed ? "the executable is closed" : "a run has not ended yet");
    request.signal?.throwIfAborted();
    const prepared = this.#prepare(plan);
    const arena = this.#arenaFor(plan);
    const inputs = prepared.given.map((buffer) => this.#input(buffer, plan, request));
    this.#point(prepared, plan, arena, inputs);
    const guarded = (plan.target.guardBytes ?? 0) > 0;
    if (guarded) fillGuards(plan, arena);
    const started = performance.now();
    const times = request.timeCalls ? new BigInt64Array(2 * prepared.program.calls.length) : null;
    await this.#call(prepared, times, request.signal);
    const runMs = performance.now() - started;
    if (guarded) checkGuards(plan, arena);
    const outputs = this.#collect(plan, prepared, request, arena, inputs);
    const given = prepared.given.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      outputs,
      stats: {
        runMs,
        measuredPeakBytes: given + plan.arenaBytes + (plan.target.workspaceBytes ?? 0),
        measuredBy: "arena",
        ...(times === null ? {} : { calls: callTimes(prepared.program, times) }),
      },
    };
  }

  async read(input: string): Promise<HostArray> {
    const value = this.#carried.get(input);
    if (value === undefined) throw new Error(`no run has carried ${input}`);
    return copyOf(value);
  }

  dispose(): void {
    if (this.#closed) return;
    if (this.#running) throw new Error("a run has not ended yet");
    this.#closed = true;
    this.#library.close(this.#session);
    this.#arena?.release();
    this.#arena = null;
    this.#carried.clear();
  }

  #prepare(plan: Plan): Prepared {
    const known = this.#prepared.get(plan);
    if (known !== undefined) return known;
    verifyPlan(plan, this.#template.kernels);
    for (const { name, buffer } of plan.outputs) {
      const { bytes } = bufferOf(plan, buffer);
      if (bytes > constants.MAX_LENGTH)
        throw userError(messages.resultTooLarge, { name, bytes: `${bytes}`, most: `${constants.MAX_LENGTH}` });
    }
    const prepared: Prepared = {
      program: encodeProgram(plan, this.#template.kernels),
      pointers: new BigUint64Array(Math.max(1, plan.buffers.length)),
      given: plan.buffers.filter(({ role }) => role === "given"),
    };
    this.#prepared.set(plan, prepared);
    return prepared;
  }

  #arenaFor(plan: Plan): NativeMemory {
    const bytes = Math.max(plan.arenaBytes, 64);
    if (this.#arena === null || this.#arena.bytes < bytes) {
      this.#arena?.release();
      this.#arena = null;
      this.#arena = new NativeMemory(this.#library, bytes);
    }
    return this.#arena;
  }

  #input({ id, name, shape, dtype }: PlanBuffer, plan: Plan, { inputs }: RunRequest): HostArray {
    const port = plan.inputs.find(({ buffer }) => buffer === id)?.name ?? name;
    const value = inputs.get(port) ?? this.#carried.get(port);
    if (value === undefined) throw new Error(`no value is given for input ${port}`);
    if (value.shape.join() !== shape.join()) throw new Error(`input ${port} is [${value.shape.join(", ")}], not [${shape.join(", ")}]`);
    const isWhole = dtype === "i32" || dtype === "u32" || dtype === "bool";
    if (isWhole && value.dtype !== dtype) throw new Error(`input ${port} is ${value.dtype}, not ${dtype}`);
    return value.dtype === dtype ? value : convert(value, dtype);
  }

  /** Where each buffer lies in this run. Lengths were checked against the plan's shapes. */
  #point({ pointers, given }: Prepared, plan: Plan, arena: NativeMemory, inputs: readonly HostArray[]): void {
    for (const { id, offset, bytes } of plan.buffers) {
      if (offset === null) continue;
      if (offset + bytes > arena.bytes) throw new Error(`buffer ${id} leaves the arena`);
      pointers[id] = arena.address + BigInt(offset);
    }
    given.forEach(({ id, bytes }, k) => {
      const data = inputs[k]?.data;
      if (data === undefined || data.byteLength !== bytes) throw new Error(`buffer ${id} takes ${bytes} bytes, not ${data?.byteLength}`);
      // Nothing is read of an input without elements.
      pointers[id] = data.byteLength === 0 ? arena.address : this.#library.addressOf(data);
    });
  }

  async #call({ program, pointers }: Prepared, times: BigInt64Array | null, signal: AbortSignal | undefined): Promise<void> {
    if (program.words.length === 0) return;
    const args = [this.#session, program.words, program.words.length, pointers, times] as const;
    this.#library.cancel(this.#session, false);
    if (program.work < WORTH_A_THREAD) {
      wholeOrThrow(this.#library.run.call(...args), signal);
      return;
    }
    const cancel = (): void => this.#library.cancel(this.#session, true);
    signal?.addEventListener("abort", cancel, { once: true });
    this.#running = true;
    try {
      wholeOrThrow(await this.#library.run.callAsync(...args), signal);
    } finally {
      this.#running = false;
      signal?.removeEventListener("abort", cancel);
    }
  }

  #collect(
    plan: Plan,
    { given }: Prepared,
    { carry }: RunRequest,
    arena: NativeMemory,
    inputs: readonly HostArray[],
  ): ReadonlyMap<string, HostArray> {
    const outputs = new Map<string, HostArray>();
    for (const { name, buffer: id } of plan.outputs) {
      const buffer = bufferOf(plan, id);
      const place = given.indexOf(buffer);
      const value = place >= 0 ? (inputs[place] as HostArray) : stored(buffer, arena);
      const carriedTo = carry?.get(name);
      if (carriedTo === undefined) outputs.set(name, buffer.bytes <= COPIED_BYTES ? copyOf(value) : value);
      else this.#keep(carriedTo, value);
    }
    return outputs;
  }

  #keep(input: string, value: HostArray): void {
    const known = this.#carried.get(input);
    if (known === undefined || known.data.byteLength !== value.data.byteLength) this.#carried.set(input, copyOf(value));
    else bytesOf(known).set(bytesOf(value));
  }
}

function bufferOf(plan: Plan, id: BufferId): PlanBuffer {
  const buffer = plan.buffers[id];
  if (buffer === undefined) throw new Error(`no buffer ${id}`);
  return buffer;
}

const arrays = {
  bool: Uint8Array,
  i32: Int32Array,
  u32: Uint32Array,
  bf16: Uint16Array,
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/** A view of a result in the arena. */
function stored({ dtype, shape, offset, bytes }: PlanBuffer, arena: NativeMemory): HostArray {
  const data = new arrays[dtype](arena.view(offset ?? 0, bytes), 0, bytes / dtypeBytes[dtype]);
  return hostArray(dtype, shape, data as HostData[typeof dtype]);
}

function copyOf(array: HostArray): HostArray {
  const copy = zeros(array.dtype, array.shape);
  bytesOf(copy).set(bytesOf(array));
  return copy;
}

/** Pairs of nanoseconds and turns, as c/driver.h adds them up. */
const callTimes = ({ calls }: Program, times: BigInt64Array): readonly CallTime[] =>
  calls.map((call, number) => ({ call, ms: Number(times[2 * number]) * 1e-6, turns: Number(times[2 * number + 1]) }));

/** What a run that was ended has written is in part an earlier run's. */
function wholeOrThrow(cancelled: number, signal: AbortSignal | undefined): void {
  if (cancelled === 0) return;
  signal?.throwIfAborted();
  throw new Error("a run was ended that no signal had ended");
}
