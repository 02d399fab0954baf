/** The arguments of a call, matched to parameters by position, then by name. */
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Span } from "../../grammar/span.js";
import { asSize } from "../check/arithmetic.js";
import { messages } from "../check/messages.js";
import type { GivenArgument, Operand } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { describe, printTensor, type Tensor } from "../check/value.js";
import type { Size } from "../graph/size.js";

export type Parameter = { readonly name: string; readonly optional: boolean };
/** `signature` is the call as one would write it, for messages. `open`: further named arguments are the callee's own matter. */
export type Callee = {
  readonly name: string;
  readonly signature: string;
  readonly parameters: readonly Parameter[];
  readonly open?: boolean;
};

export class Arguments {
  readonly #callee: Callee;
  readonly #span: Span;
  readonly #byName = new Map<string, Operand>();

  constructor(callee: Callee, given: readonly GivenArgument[], span: Span) {
    this.#callee = callee;
    this.#span = span;
    const { name, signature, parameters } = callee;
    let named = false;
    given.forEach((argument, k) => {
      const at = argument.operand.span;
      named ||= argument.name !== null;
      const parameter = argument.name?.name ?? (named ? shorthand(argument.operand, parameters) : parameters[k]?.name);
      if (parameter === undefined) refuse(messages.tooManyArguments, at, { callee: name, most: parameters.length, signature });
      if (callee.open !== true && !parameters.some((p) => p.name === parameter)) {
        const meant = didYouMean(
          parameter,
          parameters.map((p) => p.name),
        );
        refuse(messages.unknownArgument, argument.name?.span ?? at, { callee: name, name: parameter, signature }, { meant });
      }
      if (this.#byName.has(parameter)) refuse(messages.argumentTwice, argument.name?.span ?? at, { name: parameter });
      this.#byName.set(parameter, argument.operand);
    });
    for (const parameter of parameters)
      if (!parameter.optional && !this.#byName.has(parameter.name))
        refuse(messages.missingArgument, span, { callee: name, name: parameter.name, signature });
    // A mistake inside an argument is reported there, and nothing more is said here.
    for (const { value } of this.#byName.values()) if (value.kind === "error") staySilent();
  }

  /** Named arguments that are no parameters. */
  get others(): readonly (readonly [name: string, operand: Operand])[] {
    return [...this.#byName].filter(([name]) => !this.#callee.parameters.some((p) => p.name === name));
  }

  find(name: string): Operand | null {
    return this.#byName.get(name) ?? null;
  }

  get(name: string): Operand {
    return this.#byName.get(name) ?? this.#fault(name);
  }

  /** A number of compile time. */
  number(name: string, otherwise: number | null = null): number {
    const operand = this.find(name);
    if (operand === null) return otherwise ?? this.#fault(name);
    const { value, span } = operand;
    if (value.kind !== "number") refuse(messages.notCompileTime, span, { what: `\`${name}\``, found: describe(value) });
    return value.value;
  }

  whole(name: string, otherwise: number | null = null): number {
    const value = this.number(name, otherwise);
    if (!Number.isInteger(value))
      refuse(messages.notAWholeNumber, this.find(name)?.span ?? this.#span, { what: `\`${name}\``, found: value });
    return value;
  }

  choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const operand = this.find(name);
    if (operand === null) return otherwise;
    const { value, span } = operand;
    const list = choices.map((c) => `"${c}"`).join(", ");
    if (value.kind !== "string")
      refuse(messages.wrongKind, span, { what: `\`${name}\``, wanted: `one of ${list}`, found: describe(value) });
    const found = choices.find((c) => c === value.value);
    if (found === undefined)
      refuse(messages.noSuchChoice, span, { name, choices: list, found: value.value }, { meant: didYouMean(value.value, choices) });
    return found;
  }

  flag(name: string, otherwise: boolean): boolean {
    const operand = this.find(name);
    if (operand === null) return otherwise;
    const { value, span } = operand;
    if (value.kind !== "bool") refuse(messages.wrongKind, span, { what: `\`${name}\``, wanted: "true or false", found: describe(value) });
    return value.value;
  }

  size(name: string): Size {
    return sizeOf(this.get(name), `\`${name}\``);
  }

  /** One axis of x, counted from the end where negative. */
  axis(name: string, x: Tensor, otherwise: number | null = null): number {
    return axisOf(x, this.whole(name, otherwise), this.find(name)?.span ?? this.#span);
  }

  /** One or several axes of x; all of them where none is given. */
  axes(name: string, x: Tensor): readonly number[] {
    const operand = this.find(name);
    if (operand === null) return x.dims.map((_, k) => k);
    if (operand.value.kind !== "list") return [this.axis(name, x)];
    return operand.value.items.map(({ value, span }) => {
      if (value.kind !== "number" || !Number.isInteger(value.value))
        refuse(messages.notAWholeNumber, span, { what: "An axis", found: describe(value) });
      return axisOf(x, value.value, span);
    });
  }

  /** `(n, 4)` or one size. */
  sizes(name: string): readonly { readonly size: Size; readonly span: Span }[] {
    const operand = this.get(name);
    const items = operand.value.kind === "list" ? operand.value.items : [operand];
    return items.map(({ value, span }) => ({ size: sizeOf({ value, span }, "A size"), span }));
  }

  #fault(name: string): never {
    throw new Error(`${this.#callee.name} has no argument ${name}`);
  }
}

/** `f(vocab: 10, width)`: behind a named argument, a bare name stands for the parameter of that name. */
function shorthand({ text, span }: Operand, parameters: readonly Parameter[]): string {
  if (parameters.some((p) => p.name === text)) return text;
  return refuse(messages.positionalAfterNamed, span, {});
}

export function sizeOf({ value, span }: Pick<Operand, "value" | "span">, what: string): Size {
  if (value.kind === "error") staySilent();
  const size = asSize(value);
  if (size === null && value.kind === "number") refuse(messages.notAWholeNumber, span, { what, found: value.value });
  if (size === null) refuse(messages.notCompileTime, span, { what, found: describe(value) });
  return size;
}

function axisOf(x: Tensor, axis: number, span: Span): number {
  const rank = x.dims.length;
  if (axis >= rank || axis < -rank) refuse(messages.noSuchAxis, span, { value: printTensor(x), rank, axis });
  return axis < 0 ? axis + rank : axis;
}
