/** Where the time of a step went: what each call of a plan took, by kernel and by the place in the program that it comes from. */
import type { Kernel } from "../../compiler/kernel/kernel.js";
import { flopsOfCalls } from "../../compiler/plan/flops.js";
import { numberStatements } from "../../compiler/plan/logical-memory.js";
import type { CallStatement, Plan } from "../../compiler/plan/plan.js";
import { writtenOperands } from "../../compiler/plan/verify-plan.js";
import type { Span } from "../../grammar/span.js";
import type { CallTime } from "../engine.js";

export type ProfileEntry = {
  readonly kernel: number;
  readonly form: Kernel["form"];
  readonly place: string;
  /** Its results' names in the plan. */
  readonly makes: readonly string[];
  /** The calls' numbers in the plan, as `sigc plan` prints it. */
  readonly statements: readonly number[];
  /** Of one step: the mean, in all turns together. */
  readonly ms: number;
  /** Of the time that the engine took. */
  readonly share: number;
  readonly turns: number;
  /** Of contractions, 2 per multiply-add. */
  readonly flops: number;
};

export type Profile = {
  /** The longest first. */
  readonly entries: readonly ProfileEntry[];
  /** What the engine took for a step beside its calls. */
  readonly betweenMs: number;
  readonly engineMs: number;
};

/** `runs`: what each step's calls took, and the step itself. At least one. */
export function profileOf(
  plan: Plan,
  kernels: readonly Kernel[],
  runs: readonly { readonly runMs: number; readonly calls: readonly CallTime[] }[],
  placeOf: (span: Span) => string,
): Profile {
  const numbers = numberStatements(plan.statements);
  const flops = flopsOfCalls(plan.statements, kernels);
  const engineMs = mean(runs.map(({ runMs }) => runMs));
  const groups = new Map<string, ProfileEntry>();
  for (const { call, ms, turns } of meanTimes(runs)) {
    const place = placeOf(call.span);
    const key = `${call.kernel} ${place}`;
    const before = groups.get(key);
    const makes = resultsOf(call, plan, kernels);
    const sum = (before?.ms ?? 0) + ms;
    groups.set(key, {
      kernel: call.kernel,
      form: kernelOf(call, kernels).form,
      place,
      makes: [...new Set([...(before?.makes ?? []), ...makes])],
      statements: [...(before?.statements ?? []), numbers.get(call) ?? 0],
      ms: sum,
      share: sum / engineMs,
      turns: (before?.turns ?? 0) + turns,
      flops: (before?.flops ?? 0) + (flops.get(call) ?? 0),
    });
  }
  const entries = [...groups.values()];
  return {
    entries: entries.toSorted((a, b) => b.ms - a.ms),
    betweenMs: engineMs - entries.reduce((sum, { ms }) => sum + ms, 0),
    engineMs,
  };
}

/** Every run has the same calls in the same order. */
function meanTimes(runs: readonly { readonly calls: readonly CallTime[] }[]): readonly CallTime[] {
  const over = (number: number, of: (time: CallTime) => number): number =>
    mean(runs.flatMap(({ calls }) => (calls[number] === undefined ? [] : [of(calls[number])])));
  return (runs[0]?.calls ?? []).map(({ call }, number) => ({
    call,
    ms: over(number, ({ ms }) => ms),
    turns: over(number, ({ turns }) => turns),
  }));
}

function kernelOf({ kernel }: CallStatement, kernels: readonly Kernel[]): Kernel {
  const known = kernels[kernel];
  if (known === undefined) throw new Error(`no kernel ${kernel}`);
  return known;
}

const resultsOf = (call: CallStatement, { buffers }: Plan, kernels: readonly Kernel[]): readonly string[] =>
  writtenOperands(kernelOf(call, kernels)).flatMap((operand) => buffers[call.operands[operand]?.buffer ?? -1]?.name ?? []);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
