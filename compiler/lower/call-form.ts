/** Calls of the blocks, such as `adamw(lr: 1e-3)` and `random_crop(32)`: how their form is written down and their numbers are held to it. */
import type { Span } from "../../grammar/span.js";
import { messages } from "../check/messages.js";
import { refuse } from "../check/refusal.js";
import type { Arguments, Callee } from "./arguments.js";

/** From `lr, betas = (0.9, 0.999)`: what has a default is optional. */
export function calleeOf(name: string, form: string, optional: readonly string[] = []): Callee {
  const parts = form === "" ? [] : form.split(/, (?![^(]*\))/);
  return {
    name,
    signature: `\`${form === "" ? name : `${name}(${form})`}\``,
    parameters: parts.map((part) => ({ name: part.split(" = ")[0] ?? part, optional: part.includes(" = ") || optional.includes(part) })),
  };
}

export function within(value: number, span: Span, what: string, wanted: string, allowed: (x: number) => boolean): number {
  if (!allowed(value)) refuse(messages.outOfBounds, span, { what, wanted, found: value });
  return value;
}

export function checked(args: Arguments, name: string, otherwise: number | null, wanted: string, allowed: (x: number) => boolean): number {
  const value = args.number(name, otherwise);
  const operand = args.find(name);
  return operand === null ? value : within(value, operand.span, `\`${name}\``, wanted, (x) => Number.isFinite(x) && allowed(x));
}
