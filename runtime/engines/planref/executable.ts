/** Runs bound plans statement by statement and holds them to what they promise. */
import type { Template } from "../../../compiler/compile.js";
import type { Kernel } from "../../../compiler/kernel/kernel.js";
import { numberStatements } from "../../../compiler/plan/logical-memory.js";
import { verifyPlan, writtenOperands } from "../../../compiler/plan/verify-plan.js";
import type { BufferId, Extent, LoopId, Plan, PlanBuffer, PlanStatement, View } from "../../../compiler/plan/plan.js";
import { elementCount, type HostArray, valueAt, zeros } from "../../data/host-array.js";
import type { Executable, RunRequest, RunResult } from "../../engine.js";
import { PlanMemory, PlanViolation } from "./memory.js";
import { runPoints, type Window } from "./points.js";
import { runCumsum, runGather, runScatterAdd, runSort } from "./whole-arrays.js";

type Call = Extract<PlanStatement, { kind: "call" }>;
type Block = { readonly start: number; readonly length: number; readonly loop: Extract<PlanStatement, { kind: "for" }> };

export class PlanExecutable implements Executable {
  readonly #template: Template;
  readonly #verify: boolean;
  readonly #carried = new Map<string, HostArray>();

  constructor(template: Template, verify: boolean) {
    this.#template = template;
    this.#verify = verify;
  }

  async run(plan: Plan, request: RunRequest): Promise<RunResult> {
    if (this.#verify) verifyPlan(plan, this.#template.kernels);
    const started = performance.now();
    const execution = new Execution(plan, this.#template.kernels, request.audit);
    for (const { name, buffer } of plan.inputs) execution.give(buffer, this.#input(name, request));
    execution.run(plan.statements);
    const outputs = new Map<string, HostArray>();
    for (const { name, buffer } of plan.outputs) {
      const value = execution.take(buffer);
      const carriedTo = request.carry?.get(name);
      if (carriedTo === undefined) outputs.set(name, value);
      else this.#carried.set(carriedTo, value);
    }
    return { outputs, stats: { runMs: performance.now() - started, measuredPeakBytes: execution.bytes, measuredBy: "arena" } };
  }

  async read(input: string): Promise<HostArray> {
    const value = this.#carried.get(input);
    if (value === undefined) throw new Error(`no run has carried ${input}`);
    return value;
  }

  dispose(): void {
    this.#carried.clear();
  }

  #input(name: string, { inputs }: RunRequest): HostArray {
    const value = inputs.get(name) ?? this.#carried.get(name);
    if (value === undefined) throw new Error(`no value is given for input ${name}`);
    return value;
  }
}

class Execution {
  readonly #plan: Plan;
  readonly #kernels: readonly Kernel[];
  readonly #audit: RunRequest["audit"];
  readonly #memory: PlanMemory;
  readonly #numbers: ReadonlyMap<PlanStatement, number>;
  readonly #blocks = new Map<LoopId, Block>();
  /** At the last call, less what was freed since. */
  #plannedBytes = 0;

  constructor(plan: Plan, kernels: readonly Kernel[], audit: RunRequest["audit"]) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#audit = audit;
    this.#memory = new PlanMemory(plan);
    this.#numbers = numberStatements(plan.statements);
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  give(id: BufferId, value: HostArray): void {
    const cells = this.#memory.cells(id);
    const { name, shape, dtype } = cells.buffer;
    if (value.shape.join() !== shape.join()) throw new Error(`input ${name} is [${value.shape.join(", ")}], not [${shape.join(", ")}]`);
    const whole = dtype === "i32" || dtype === "u32" || dtype === "bool";
    if (whole && value.dtype !== dtype) throw new Error(`input ${name} is ${value.dtype}, not ${dtype}`);
    this.#memory.wrote(id);
    for (let at = 0; at < elementCount(shape); at++) cells.set(at, valueAt(value, at));
  }

  take(id: BufferId): HostArray {
    const cells = this.#memory.cells(id);
    const value = zeros(cells.buffer.dtype, cells.buffer.shape);
    for (let at = 0; at < value.data.length; at++) value.data[at] = cells.stored(at);
    return value;
  }

  run(statements: readonly PlanStatement[]): void {
    for (const statement of statements) {
      const number = this.#numbers.get(statement) ?? -1;
      switch (statement.kind) {
        case "for":
          for (let start = 0; start < statement.extent; start += statement.step) {
            this.#blocks.set(statement.loop, { start, length: Math.min(statement.step, statement.extent - start), loop: statement });
            this.run(statement.body);
          }
          this.#blocks.delete(statement.loop);
          continue;
        case "choose":
          this.run(this.#turn(statement.loops) < statement.below ? statement.early : statement.late);
          continue;
        case "call":
          this.#call(statement, number);
          this.#plannedBytes = this.#planned(number);
          break;
        case "free":
          this.#memory.free(statement.buffer);
          this.#plannedBytes -= this.#memory.cells(statement.buffer).buffer.bytes;
          break;
        default:
          throw new PlanViolation(`a kernel plan holds no ${statement.kind}`);
      }
      this.#audit?.({ statement: number, plannedBytes: this.#plannedBytes, actualBytes: this.#memory.liveBytes });
    }
  }

  #planned(step: number): number {
    return this.#plan.buffers.reduce((sum, { from, to, bytes }) => (from <= step && step <= to ? sum + bytes : sum), 0);
  }

  #call(call: Call, step: number): void {
    const kernel = this.#kernels[call.kernel];
    if (kernel === undefined) throw new PlanViolation(`no kernel ${call.kernel}`);
    const windows = call.operands.map((view) => this.#window(view, step));
    const written = new Set(writtenOperands(kernel).map((operand) => call.operands[operand]?.buffer ?? -1));
    const accumulates = call.first.map((loops) => !loops.every((loop) => this.#block(loop).start === 0));
    for (const { buffer } of call.operands)
      if (!written.has(buffer) && !this.#memory.isLive(buffer))
        throw new PlanViolation(`reads ${this.#memory.cells(buffer).describe()} before it is written`);
    for (const buffer of written) {
      const heir = this.#memory.cells(buffer).buffer;
      for (const { buffer: other } of call.operands)
        if (!written.has(other) && takesOver(heir, this.#memory.cells(other).buffer, step)) this.#memory.handOver(other);
      this.#memory.wrote(buffer);
    }
    switch (kernel.form) {
      case "map":
      case "reduce":
      case "contract":
        return runPoints(kernel, {
          windows,
          accumulates,
          extents: call.extents.map((e) => this.#extent(e)),
          parameters: call.parameters.map(({ value, loop }) => value + (loop === null ? 0 : this.#block(loop).start)),
        });
      case "gather":
        return runGather(kernel, windows);
      case "scatter_add":
        return runScatterAdd(kernel, windows, accumulates[0] ?? false);
      case "cumsum":
        return runCumsum(kernel, windows);
      case "sort":
        return runSort(kernel, windows);
    }
  }

  #window({ buffer, offset, bases, dims }: View, step: number): Window {
    const cells = this.#memory.cells(buffer);
    const { from, to } = cells.buffer;
    if (step < from || step > to)
      throw new PlanViolation(`uses ${cells.describe()} at step ${step}, outside its life from ${from} to ${to}`);
    return {
      cells,
      offset: bases.reduce((sum, { loop, stride }) => sum + this.#block(loop).start * stride, offset),
      extents: dims.map(({ extent }) => this.#extent(extent)),
      strides: dims.map(({ stride }) => stride),
    };
  }
  #extent(extent: Extent): number {
    return typeof extent === "number"
      ? extent
      : extent.reduce((sum, { coef, loops }) => sum + loops.reduce((value, loop) => value * this.#block(loop).length, coef), 0);
  }
  /** How many turns of these loops came before this one. */
  #turn(loops: readonly LoopId[]): number {
    return loops.reduce((before, id) => {
      const { start, loop } = this.#block(id);
      return before * Math.ceil(loop.extent / loop.step) + start / loop.step;
    }, 0);
  }
  #block(loop: LoopId): Block {
    const block = this.#blocks.get(loop);
    if (block === undefined) throw new PlanViolation(`loop ${loop} does not run here`);
    return block;
  }
}

/** The operand dies where the result is born, in the same bytes. */
const takesOver = (result: PlanBuffer, operand: PlanBuffer, step: number): boolean =>
  result.offset !== null && result.offset === operand.offset && result.from === step && operand.to === step;
