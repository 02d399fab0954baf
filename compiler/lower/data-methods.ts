/** Sources and transforms of the data block: `column("jpg")`, `decode`, `random_crop(32, scale: (0.6, 1))`, and what flows between them. */
import type { Arg, Expr } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { messages } from "../check/messages.js";
import { refuse } from "../check/refusal.js";
import { describe, type Region } from "../check/value.js";
import { Arguments } from "./arguments.js";
import { calleeOf, checked, within } from "./call-form.js";
import type { Channels, DataSource, Range, Transform } from "./data-spec.js";
import type { Elaboration } from "./elaboration.js";
import { given } from "./expression.js";

/** What one example is between two stages. A side or length is null where only the data tell it. */
export type Flow =
  | { readonly kind: "column" }
  | { readonly kind: "rows" }
  | { readonly kind: "picture"; readonly side: number | null }
  | { readonly kind: "floats"; readonly side: number | null }
  | { readonly kind: "text" }
  | { readonly kind: "ids"; readonly length: number }
  | { readonly kind: "integer" }
  | { readonly kind: "number" };
export type FlowKind = Flow["kind"];

/** In words that finish "`x` gives …". */
export const flowWords: Readonly<Record<FlowKind, string>> = {
  column: "a column as it is stored",
  rows: "rows of numbers",
  picture: "a picture",
  floats: "floats",
  text: "text",
  ids: "token ids",
  integer: "a whole number",
  number: "a number",
};

export type Made<T> = { readonly name: string; readonly value: T; readonly flow: Flow };
type Source = { readonly form: string; readonly make: (args: Arguments) => DataSource; readonly gives: FlowKind & ("column" | "rows") };
type Stage<T extends Transform = Transform> = {
  readonly form: string;
  readonly takes: readonly FlowKind[];
  readonly gives: FlowKind;
  readonly make: (args: Arguments) => T;
};
type Stages = { readonly [K in Transform["kind"]]: Stage<Extract<Transform, { readonly kind: K }>> };

const sources: { readonly [K in DataSource["kind"]]: Source } = {
  column: { form: "name", make: (args) => ({ kind: "column", name: textOf(args, "name", null) }), gives: "column" },
  embeddings: { form: "file", make: embeddings, gives: "rows" },
};

const stages: Stages = {
  decode: { form: "", takes: ["column"], gives: "picture", make: () => ({ kind: "decode" }) },
  resize: { form: "side", takes: ["picture"], gives: "picture", make: (args) => ({ kind: "resize", side: sideOf(args) }) },
  center_crop: { form: "side", takes: ["picture"], gives: "picture", make: (args) => ({ kind: "center_crop", side: sideOf(args) }) },
  random_crop: {
    form: "side, scale = (0.08, 1), ratio = (0.75, 1.3333)",
    takes: ["picture"],
    gives: "picture",
    make: (args) => ({
      kind: "random_crop",
      side: sideOf(args),
      scale: rangeOf(args, "scale", [0.08, 1], "above 0 and at most 1", (x) => x > 0 && x <= 1),
      ratio: rangeOf(args, "ratio", [3 / 4, 4 / 3], "above 0", (x) => x > 0),
    }),
  },
  affine: {
    form: "degrees = 0, shift = 0, scale = (1, 1)",
    takes: ["picture"],
    gives: "picture",
    make: (args) => ({
      kind: "affine",
      degrees: checked(args, "degrees", 0, "0 to 180", (x) => x >= 0 && x <= 180),
      shift: shareOf(args, "shift", 0),
      scale: rangeOf(args, "scale", [1, 1], "above 0", (x) => x > 0),
    }),
  },
  flip: {
    form: "chance = 0.5",
    takes: ["picture"],
    gives: "picture",
    make: (args) => ({ kind: "flip", chance: shareOf(args, "chance", 0.5) }),
  },
  color_jitter: {
    form: "brightness = 0, contrast = 0, saturation = 0",
    takes: ["picture"],
    gives: "picture",
    make: (args) => ({
      kind: "color_jitter",
      brightness: shareOf(args, "brightness", 0),
      contrast: shareOf(args, "contrast", 0),
      saturation: shareOf(args, "saturation", 0),
    }),
  },
  to_float: {
    form: "low = 0, high = 1",
    takes: ["picture"],
    gives: "floats",
    make: (args) => ({ kind: "to_float", low: finiteOf(args, "low", 0), high: finiteOf(args, "high", 1) }),
  },
  normalize: {
    form: "mean, std",
    takes: ["floats"],
    gives: "floats",
    make: (args) => ({
      kind: "normalize",
      mean: channelsOf(args, "mean", "finite", () => true),
      std: channelsOf(args, "std", "above 0", (x) => x > 0),
    }),
  },
  pick: {
    form: "which",
    takes: ["column"],
    gives: "text",
    make: (args) => ({ kind: "pick", which: args.choice("which", ["first", "random"], "first") }),
  },
  lower: { form: "", takes: ["text", "column"], gives: "text", make: () => ({ kind: "lower" }) },
  tokenize: {
    form: 'file, length, begin = "", end = "", pad = 0, too_long = "cut"',
    takes: ["text", "column"],
    gives: "ids",
    make: tokenize,
  },
  to_int: { form: "", takes: ["column"], gives: "integer", make: () => ({ kind: "to_int" }) },
  number: { form: "", takes: ["column"], gives: "number", make: () => ({ kind: "number" }) },
};

/** The head of a pipe. */
export function sourceOf(e: Elaboration, scope: Region, expr: Expr): Made<DataSource> {
  const found = named(expr);
  const name = (Object.keys(sources) as readonly DataSource["kind"][]).find((known) => known === found?.name);
  if (found === null || name === undefined)
    return refuse(messages.noSource, expr.span, {}, { meant: found === null ? null : didYouMean(found.name, Object.keys(sources)) });
  const { form, make, gives } = sources[name];
  return { name, value: make(argumentsOf(e, scope, name, form, found.args, expr)), flow: { kind: gives } };
}

/** A later stage of a pipe, behind `before`, which are all stages so far. */
export function stageOf(
  e: Elaboration,
  scope: Region,
  expr: Expr,
  before: readonly (Made<unknown> & { readonly expr: Expr })[],
): Made<Transform> {
  const names = Object.keys(stages) as readonly Transform["kind"][];
  const list = names.map((name) => `\`${name}\``).join(", ");
  const found = named(expr);
  const name = names.find((known) => known === found?.name);
  if (found === null || name === undefined)
    return refuse(
      messages.unknownTransform,
      expr.kind === "call" ? expr.callee.span : expr.span,
      { name: found?.name ?? "this", known: list },
      { meant: found === null ? null : didYouMean(found.name, names) },
    );
  // Kind and stage belong together by the table's type; TypeScript cannot follow the union.
  const stage = stages[name] as unknown as Stage;
  const last = before.at(-1);
  if (last === undefined) throw new Error("a stage without a source");
  if (!stage.takes.includes(last.flow.kind)) refuseOrder(name, stage, expr, last, before);
  const value = stage.make(argumentsOf(e, scope, name, stage.form, found.args, expr));
  return { name, value, flow: flowAfter(stage.gives, value, last.flow) };
}

/** Sides stay what they were where a stage sets none. */
function flowAfter(gives: FlowKind, made: Transform, before: Flow): Flow {
  const side = "side" in made ? made.side : "side" in before ? before.side : null;
  if (gives === "picture" || gives === "floats") return { kind: gives, side };
  return gives === "ids" ? { kind: gives, length: made.kind === "tokenize" ? made.length : 0 } : { kind: gives };
}

/** Names both stages, and where the later one would fit. */
function refuseOrder(
  name: string,
  { takes }: Stage,
  expr: Expr,
  last: Made<unknown> & { readonly expr: Expr },
  before: readonly Made<unknown>[],
): never {
  const place = before.findLastIndex(({ flow }) => takes.includes(flow.kind));
  const next = before[place + 1];
  const [kind = "column"] = takes;
  const makers = Object.entries(stages as unknown as Readonly<Record<string, Stage>>)
    .filter(([, { takes: needs, gives }]) => needs.includes(last.flow.kind) && gives === kind)
    .map(([maker]) => `\`${maker}\``);
  const fix =
    place >= 0 && next !== undefined
      ? next.name === name
        ? "leave one of the two out"
        : `move \`${name}\` before \`${next.name}\``
      : makers.length > 0
        ? `put ${makers.slice(0, 3).join(" or ")} between them`
        : `nothing makes ${flowWords[kind]} of ${flowWords[last.flow.kind]}: leave \`${name}\` out`;
  refuse(
    messages.transformOrder,
    expr.span,
    { name, takes: takes.map((wanted) => flowWords[wanted]).join(" or "), before: last.name, gives: flowWords[last.flow.kind], fix },
    { related: [{ span: last.expr.span, message: `this gives ${flowWords[last.flow.kind]}` }] },
  );
}

function named(expr: Expr): { readonly name: string; readonly args: readonly Arg[] } | null {
  if (expr.kind === "name") return { name: expr.name, args: [] };
  return expr.kind === "call" && expr.callee.kind === "name" ? { name: expr.callee.name, args: expr.args } : null;
}

function argumentsOf(e: Elaboration, scope: Region, name: string, form: string, args: readonly Arg[], expr: Expr): Arguments {
  // `pick(random)`: its choices are words, as `cosine` is.
  const spelt = name === "pick" ? args.map((arg) => ({ ...arg, value: asString(arg.value) })) : args;
  return new Arguments(calleeOf(name, form), given(e, scope, spelt), expr.span);
}

const asString = (expr: Expr): Expr => (expr.kind === "name" ? { kind: "string", value: expr.name, span: expr.span } : expr);

// Settings ---------------------------------------------------------------------------------------------------------------

/** Pictures of more pixels a side than this are no training data, and their batches no arrays. */
const LARGEST_SIDE = 16_384;
const LONGEST_TEXT = 1 << 20;

const sideOf = (args: Arguments): number =>
  checked(args, "side", null, `a whole number from 1 to ${LARGEST_SIDE}`, (x) => Number.isInteger(x) && x >= 1 && x <= LARGEST_SIDE);
const shareOf = (args: Arguments, name: string, otherwise: number): number =>
  checked(args, name, otherwise, "0 to 1", (x) => x >= 0 && x <= 1);
const finiteOf = (args: Arguments, name: string, otherwise: number): number => checked(args, name, otherwise, "finite", () => true);

function textOf(args: Arguments, name: string, otherwise: string | null): string {
  const operand = args.find(name);
  if (operand === null && otherwise !== null) return otherwise;
  const { value, span } = args.get(name);
  if (value.kind !== "string") refuse(messages.wrongKind, span, { what: `\`${name}\``, wanted: "a string", found: describe(value) });
  if (value.value === "" && otherwise === null)
    refuse(messages.wrongKind, span, { what: `\`${name}\``, wanted: "a name", found: 'the string ""' });
  return value.value;
}

function numbersOf(args: Arguments, name: string, count: number, wanted: string, allowed: (x: number) => boolean): readonly number[] {
  const { value, span } = args.get(name);
  const numbers = (value.kind === "list" ? value.items.map((item) => item.value) : []).flatMap((item) =>
    item.kind === "number" ? [item.value] : [],
  );
  if (value.kind !== "list" || numbers.length !== count || value.items.length !== count)
    refuse(messages.wrongKind, span, { what: `\`${name}\``, wanted: `${count} numbers in brackets`, found: describe(value) });
  numbers.forEach((x, k) => within(x, value.items[k]?.span ?? span, `\`${name}\``, wanted, (y) => Number.isFinite(y) && allowed(y)));
  return numbers;
}

function rangeOf(args: Arguments, name: string, otherwise: Range, wanted: string, allowed: (x: number) => boolean): Range {
  if (args.find(name) === null) return otherwise;
  const [low = 0, high = 0] = numbersOf(args, name, 2, wanted, allowed);
  within(high, args.get(name).span, `The end of \`${name}\``, `at least its beginning, ${low}`, (x) => x >= low);
  return [low, high];
}

/** `0.5` for all three channels, or one number each. */
function channelsOf(args: Arguments, name: string, wanted: string, allowed: (x: number) => boolean): Channels {
  if (args.get(name).value.kind === "number") {
    const one = checked(args, name, null, wanted, allowed);
    return [one, one, one];
  }
  const [r = 0, g = 0, b = 0] = numbersOf(args, name, 3, wanted, allowed);
  return [r, g, b];
}

function embeddings(args: Arguments): DataSource {
  const text = textOf(args, "file", null);
  const [, file, key] = /^(.+\.safetensors)#(.+)$/s.exec(text) ?? [];
  if (file !== undefined && key !== undefined) return { kind: "embeddings", file, key };
  if (text.endsWith(".npy")) return { kind: "embeddings", file: text, key: null };
  return refuse(messages.wrongKind, args.get("file").span, {
    what: "`file`",
    wanted: '"FILE.safetensors#KEY" or "FILE.npy"',
    found: describe(args.get("file").value),
  });
}

function tokenize(args: Arguments): Extract<Transform, { readonly kind: "tokenize" }> {
  const pad = args.find("pad");
  const token = (name: string): string | null => textOf(args, name, "") || null;
  return {
    kind: "tokenize",
    file: textOf(args, "file", null),
    length: checked(
      args,
      "length",
      null,
      `a whole number from 1 to ${LONGEST_TEXT}`,
      (x) => Number.isInteger(x) && x >= 1 && x <= LONGEST_TEXT,
    ),
    begin: token("begin"),
    end: token("end"),
    pad:
      pad?.value.kind === "string"
        ? pad.value.value
        : checked(args, "pad", 0, "a token, or its number", (x) => Number.isInteger(x) && x >= 0 && x < 2 ** 31),
    too_long: args.choice("too_long", ["cut", "keep_end"], "cut"),
  };
}
