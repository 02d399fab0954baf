/** Optimizers and schedules: `adamw(lr: 1e-3, …)`, `cosine(warmup: 5%)`. */
import type { Expr } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { messages } from "../check/messages.js";
import { refuse } from "../check/refusal.js";
import { describe, type Region } from "../check/value.js";
import { Arguments } from "./arguments.js";
import { calleeOf, checked, within } from "./call-form.js";
import type { Elaboration } from "./elaboration.js";
import { given } from "./expression.js";
import type { DecayMode, Duration, OptimizerSpec, ScheduleSpec } from "./program.js";

type Method<T> = { readonly form: string; readonly make: (args: Arguments) => T };
type Methods<T> = { readonly [name: string]: Method<T> };

const optimizers: Methods<OptimizerSpec> = {
  sgd: {
    form: "lr, momentum = 0, nesterov = false, decay = 0, decay_mode",
    make: (args) => ({
      kind: "sgd",
      lr: rate(args),
      momentum: below1(args, "momentum", 0),
      nesterov: args.flag("nesterov", false),
      ...decay(args),
    }),
  },
  adamw: {
    form: "lr, betas = (0.9, 0.999), eps = 1e-8, decay = 0, decay_mode",
    make: (args) => {
      const [beta1, beta2] = betas(args, 0.9, 0.999);
      return { kind: "adamw", lr: rate(args), beta1, beta2, eps: atLeast0(args, "eps", 1e-8), ...decay(args) };
    },
  },
  lion: {
    form: "lr, betas = (0.9, 0.99), decay = 0, decay_mode",
    make: (args) => {
      const [beta1, beta2] = betas(args, 0.9, 0.99);
      return { kind: "lion", lr: rate(args), beta1, beta2, ...decay(args) };
    },
  },
  adafactor: {
    form: "lr, momentum = 0.9, beta2 = 0.999, power = 0.8, clip_rms = none, factor_from = 32, eps = 1e-30, decay = 0, decay_mode",
    make: (args) => ({
      kind: "adafactor",
      lr: rate(args),
      momentum: below1(args, "momentum", 0.9),
      beta2: below1(args, "beta2", 0.999),
      power: above0(args, "power", 0.8),
      clipRms: args.find("clip_rms") === null ? null : above0(args, "clip_rms", null),
      factorFrom: checked(args, "factor_from", 32, "a whole number of at least 1", (x) => Number.isSafeInteger(x) && x >= 1),
      // Its square root divides: in f32 a smaller one would be 0.
      eps: checked(args, "eps", 1e-30, "at least 1e-36", (x) => x >= 1e-36),
      ...decay(args),
    }),
  },
};

const schedules: Methods<ScheduleSpec> = {
  constant: { form: "warmup = 0", make: (args) => ({ kind: "constant", warmup: duration(args), final: 1 }) },
  cosine: {
    form: "warmup = 0, final = 0",
    make: (args) => ({ kind: "cosine", warmup: duration(args), final: fraction(args, "final", 0) }),
  },
  linear: {
    form: "warmup = 0, final = 0",
    make: (args) => ({ kind: "linear", warmup: duration(args), final: fraction(args, "final", 0) }),
  },
};

export const optimizerOf = (e: Elaboration, scope: Region, expr: Expr): OptimizerSpec => method(e, scope, expr, "optimizer", optimizers);
export const scheduleOf = (e: Elaboration, scope: Region, expr: Expr): ScheduleSpec => method(e, scope, expr, "schedule", schedules);

function method<T>(e: Elaboration, scope: Region, expr: Expr, what: string, methods: Methods<T>): T {
  const names = Object.keys(methods);
  const known = names.map((name) => `\`${name}(…)\``).join(", ");
  const callee = expr.kind === "call" ? expr.callee : expr;
  if (callee.kind !== "name") refuse(messages.methodNeedsCall, expr.span, { what, known });
  const entry = Object.hasOwn(methods, callee.name) ? methods[callee.name] : undefined;
  if (entry === undefined)
    refuse(messages.unknownMethod, callee.span, { what, name: callee.name, known }, { meant: didYouMean(callee.name, names) });
  const values =
    expr.kind === "call"
      ? given(
          e,
          scope,
          expr.args.map((arg) => ({ ...arg, value: durationArgument(arg.value) })),
        )
      : [];
  return entry.make(new Arguments(calleeOf(callee.name, entry.form, ["decay_mode"]), values, expr.span));
}

/** `steps(100)`, `examples(20_000)` and `5%` become lists of a unit and a number, which is all that they are. */
function durationArgument(expr: Expr): Expr {
  const unit = (name: string, value: Expr): Expr => ({
    kind: "sequence",
    bracket: "(",
    span: expr.span,
    items: [{ kind: "string", value: name, span: expr.span }, value],
  });
  if (expr.kind === "number" && expr.suffix === "percent") return unit("fraction", expr);
  if (expr.kind !== "call" || expr.callee.kind !== "name") return expr;
  const [only] = expr.args;
  const { name } = expr.callee;
  return (name === "steps" || name === "examples") && only !== undefined && expr.args.length === 1 ? unit(name, only.value) : expr;
}

function duration(args: Arguments): Duration {
  const operand = args.find("warmup");
  if (operand === null) return { unit: "steps", value: 0 };
  const { value, span } = operand;
  const [first, second] = value.kind === "list" ? value.items : [];
  const unit = first?.value.kind === "string" ? first.value.value : "steps";
  const amount = second?.value ?? value;
  if (amount.kind !== "number")
    refuse(messages.wrongKind, span, {
      what: "`warmup`",
      wanted: "steps such as 100, a share such as 5%, or `examples(20_000)`",
      found: describe(amount),
    });
  if (unit === "fraction") return { unit, value: within(amount.value, span, "`warmup`", "0% to 100%", (x) => x >= 0 && x <= 1) };
  return {
    unit: unit === "examples" ? "examples" : "steps",
    value: within(amount.value, span, "`warmup`", "a whole number of at least 0", (x) => Number.isSafeInteger(x) && x >= 0),
  };
}

const rate = (args: Arguments): number => checked(args, "lr", null, "at least 0", (x) => x >= 0);
const above0 = (args: Arguments, name: string, otherwise: number | null): number => checked(args, name, otherwise, "above 0", (x) => x > 0);
const atLeast0 = (args: Arguments, name: string, otherwise: number): number => checked(args, name, otherwise, "at least 0", (x) => x >= 0);
const below1 = (args: Arguments, name: string, otherwise: number): number =>
  checked(args, name, otherwise, "at least 0 and below 1", (x) => x >= 0 && x < 1);
const fraction = (args: Arguments, name: string, otherwise: number): number =>
  checked(args, name, otherwise, "0 to 1", (x) => x >= 0 && x <= 1);

function betas(args: Arguments, first: number, second: number): readonly [number, number] {
  const operand = args.find("betas");
  if (operand === null) return [first, second];
  const items = operand.value.kind === "list" ? operand.value.items : [];
  const numbers = items.flatMap(({ value }) => (value.kind === "number" && value.value >= 0 && value.value < 1 ? [value.value] : []));
  const [a, b] = numbers;
  if (a === undefined || b === undefined || items.length !== 2 || numbers.length !== 2)
    refuse(messages.wrongKind, operand.span, {
      what: "`betas`",
      wanted: "two numbers of at least 0 and below 1, such as (0.9, 0.95)",
      found: describe(operand.value),
    });
  return [a, b];
}

/** The convention must be spelt where there is any decay: papers and libraries differ. */
function decay(args: Arguments): { readonly decay: number; readonly decayMode: DecayMode } {
  const amount = atLeast0(args, "decay", 0);
  if (amount > 0 && args.find("decay_mode") === null) refuse(messages.decayModeMissing, args.get("decay").span, {});
  return { decay: amount, decayMode: args.choice("decay_mode", ["independent", "coupled"], "independent") };
}
