/** The `train` block: optimizer, schedule and per-group settings, each spelt out or refused. */
import type { Arg, Expr, Ident, TrainBlock, TrainGroup, TrainSetting } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Span } from "../../grammar/span.js";
import { messages } from "../check/messages.js";
import { mistake, refuse, staySilent } from "../check/refusal.js";
import { describe, type Region } from "../check/value.js";
import type { Elaboration } from "./elaboration.js";
import { evaluate } from "./expression.js";
import { matchesPath } from "./path-pattern.js";
import type { GroupSpec, TrainSpec } from "./program.js";
import { optimizerOf, scheduleOf } from "./train-methods.js";

const settings = ["optimizer", "schedule", "clip", "ema", "batch", "steps", "seed"] as const;
type Setting = (typeof settings)[number];
const isSetting = (name: string): name is Setting => (settings as readonly string[]).includes(name);
const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

/** null where the block is wrong beyond use; what is wrong has been reported. */
export function trainSpec(e: Elaboration, scope: Region, block: TrainBlock): TrainSpec | null {
  const { report } = e;
  // With mistakes elsewhere, parameters may be missing that a pattern means.
  const paths = report.failed ? null : [...e.params.keys()];
  const given = new Map<Setting, TrainSetting>();
  for (const setting of block.settings)
    report.attempt(() => {
      const { name, span } = setting.name;
      if (!isSetting(name)) refuse(messages.unknownSetting, span, { name, known: list(settings) }, { meant: didYouMean(name, settings) });
      const earlier = given.get(name);
      if (earlier !== undefined)
        refuse(messages.settingTwice, span, { name }, { related: [{ span: earlier.span, message: "here first" }] });
      given.set(name, setting);
    }, undefined);

  const read = <T>(name: Setting, parse: (value: Expr) => T, otherwise: T): T => {
    const setting = given.get(name);
    return setting === undefined ? otherwise : report.attempt(() => parse(setting.value), otherwise);
  };
  const optimizer = read("optimizer", (value) => optimizerOf(e, scope, value), null);
  const known = { paths, decay: spellsDecay(given.get("optimizer")) };
  const spec = {
    schedule: read("schedule", (value) => scheduleOf(e, scope, value), {
      kind: "constant",
      warmup: { unit: "steps", value: 0 },
      final: 1,
    } as const),
    clip: read<number | null>("clip", (value) => numberIn(e, scope, value, "clip", "above 0", (x) => x > 0), null),
    ema: read<number | null>("ema", (value) => numberIn(e, scope, value, "ema", "at least 0 and below 1", (x) => x >= 0 && x < 1), null),
    batch: read<number | null>("batch", (value) => wholeIn(e, scope, value, "batch", 1), null),
    steps: read<number | null>("steps", (value) => wholeIn(e, scope, value, "steps", 1), null),
    seed: read("seed", (value) => wholeIn(e, scope, value, "seed", 0), 0),
    groups: block.groups.map((group) => groupOf(e, scope, group, known)),
    span: block.span,
  };
  if (!given.has("optimizer"))
    report.add(mistake(messages.trainWithoutOptimizer, { ...block.span, end: block.span.start + "train".length }, {}));
  return optimizer === null ? null : { optimizer, ...spec };
}

/** Does the optimizer say how decay works? Where it does not, no group may have any. */
const spellsDecay = (optimizer: TrainSetting | undefined): boolean =>
  optimizer?.value.kind === "call" && optimizer.value.args.some(({ name }) => name?.name === "decay_mode");

function numberIn(e: Elaboration, scope: Region, expr: Expr, name: string, wanted: string, allowed: (x: number) => boolean): number {
  const value = evaluate(e, scope, expr);
  if (value.kind === "error") staySilent();
  if (value.kind !== "number") refuse(messages.notCompileTime, expr.span, { what: `\`${name}\``, found: describe(value) });
  if (!allowed(value.value) || !Number.isFinite(value.value))
    refuse(messages.outOfBounds, expr.span, { what: `\`${name}\``, wanted, found: value.value });
  return value.value;
}

const wholeIn = (e: Elaboration, scope: Region, expr: Expr, name: string, least: number): number =>
  numberIn(e, scope, expr, name, `a whole number of at least ${least}`, (x) => Number.isSafeInteger(x) && x >= least);

const fields = ["lr", "decay", "freeze"] as const;
type Field = (typeof fields)[number];
const isField = (name: string): name is Field => (fields as readonly string[]).includes(name);

/** Paths that patterns can match, or null where they are not all known; whether the optimizer spells its decay. */
type Known = { readonly paths: readonly string[] | null; readonly decay: boolean };

function groupOf(e: Elaboration, scope: Region, group: TrainGroup, { paths, decay }: Known): GroupSpec {
  const { report } = e;
  for (const { name: pattern, span } of group.patterns)
    if (paths !== null && !paths.some((path) => matchesPath(pattern, path)))
      report.add(mistake(messages.matchesNothing, span, { pattern, known: listSome(paths) }, { meant: didYouMean(pattern, paths) }));

  const given = new Map<Field, Expr>();
  for (const field of group.fields) report.attempt(() => addField(given, field, group.span), undefined);
  const scaled = (name: "lr" | "decay") => {
    const expr = given.get(name);
    return expr === undefined ? null : report.attempt(() => scaledOf(e, scope, expr, name), null);
  };
  const freeze = given.get("freeze");
  const own = scaled("decay");
  if (own?.kind === "absolute" && own.value > 0 && !decay)
    report.add(mistake(messages.decayModeMissing, given.get("decay")?.span ?? group.span, {}));
  return {
    patterns: group.patterns.map((pattern) => pattern.name),
    lr: scaled("lr"),
    decay: own,
    freeze: freeze !== undefined && report.attempt(() => flagIn(e, scope, freeze), false),
    span: group.span,
  };
}

function addField(given: Map<Field, Expr>, { name, value }: Arg, span: Span): void {
  const known = list(fields);
  const ident: Ident = name ?? { name: "", span };
  if (!isField(ident.name))
    refuse(messages.unknownSetting, ident.span, { name: ident.name, known }, { meant: didYouMean(ident.name, fields) });
  if (given.has(ident.name)) refuse(messages.settingTwice, ident.span, { name: ident.name });
  given.set(ident.name, value);
}

/** `0.1x` multiplies what the optimizer says; a plain number replaces it. */
function scaledOf(e: Elaboration, scope: Region, expr: Expr, name: string): NonNullable<GroupSpec["lr"]> {
  if (expr.kind === "number" && expr.suffix === "factor") return { kind: "factor", value: expr.value };
  return { kind: "absolute", value: numberIn(e, scope, expr, name, "at least 0", (x) => x >= 0) };
}

function flagIn(e: Elaboration, scope: Region, expr: Expr): boolean {
  const value = evaluate(e, scope, expr);
  if (value.kind === "error") staySilent();
  if (value.kind !== "bool") refuse(messages.wrongKind, expr.span, { what: "`freeze`", wanted: "true or false", found: describe(value) });
  return value.value;
}

const SHOWN = 8;
const listSome = (paths: readonly string[]): string =>
  paths.length === 0 ? "none" : list(paths.slice(0, SHOWN)) + (paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : "");
