/** Configuration: values of compile time with a declared type. */
import type { ConfigType } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Origin } from "../check/dimension.js";
import { messages } from "../check/messages.js";
import type { Operand } from "../check/operand.js";
import { refuse, staySilent } from "../check/refusal.js";
import { describe, type Value } from "../check/value.js";

const nouns = { int: "a whole number", float: "a number", bool: "true or false", string: "a string" } as const;

/** The value as the declared type has it; numbers get the origin by which size mismatches name them. */
export function conform(name: string, type: ConfigType | null, { value, span }: Pick<Operand, "value" | "span">, origin: Origin): Value {
  if (value.kind === "error") staySilent();
  const own: Value = (value.kind === "number" || value.kind === "size") && value.origin === null ? { ...value, origin } : value;
  if (type === null) return own;
  const what = `\`${name}\``;
  if (type.kind === "choice") {
    const choices = type.options.map((option) => option.value);
    const list = choices.map((choice) => `"${choice}"`).join(", ");
    if (value.kind !== "string") refuse(messages.wrongKind, span, { what, wanted: `one of ${list}`, found: describe(value) });
    if (!choices.includes(value.value))
      refuse(messages.noSuchChoice, span, { name, choices: list, found: value.value }, { meant: didYouMean(value.value, choices) });
    return own;
  }
  const fits =
    type.name === "int"
      ? value.kind === "size" || (value.kind === "number" && Number.isInteger(value.value))
      : type.name === "float"
        ? value.kind === "number"
        : value.kind === type.name;
  if (!fits)
    refuse(
      messages.wrongKind,
      span,
      { what, wanted: nouns[type.name], found: describe(value) },
      { related: [{ span: type.span, message: "its type is given here" }] },
    );
  return own;
}

/** The text of `--set name=text` as a value, or null where it is none of that type. */
export function parseSetting(text: string, type: ConfigType): Value | null {
  if (type.kind === "choice" || type.name === "string") return { kind: "string", value: text };
  if (type.name === "bool") return text === "true" || text === "false" ? { kind: "bool", value: text === "true" } : null;
  const plain = text.replace(/(?<=\d)_(?=\d)/g, "");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  if (!Number.isFinite(value) || (type.name === "int" && !Number.isSafeInteger(value))) return null;
  return { kind: "number", value, integer: Number.isInteger(value), origin: null };
}

/** What `--set` wants for a type, in words. */
export const wantedText = (type: ConfigType): string =>
  type.kind === "choice" ? `one of ${type.options.map((option) => `"${option.value}"`).join(", ")}` : nouns[type.name];
