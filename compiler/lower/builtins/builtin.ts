/** What a function of the language is: its form, and what it does to values and over indices. */
import type { IndexVariable } from "../../check/index-variable.js";
import type { Operand } from "../../check/operand.js";
import type { Value } from "../../check/value.js";
import type { Arguments, Callee, Parameter } from "../arguments.js";
import type { Site } from "../elaboration.js";

/** `sum[i, j](e)`. */
export type OverIndices = {
  /** `new`: the index ends here, as in a sum. `along`: it is bound outside and stays, as in a softmax. */
  readonly binds: "new" | "along";
  readonly many: boolean;
  readonly apply: (site: Site, x: Operand, indices: readonly IndexVariable[], args: Arguments) => Value;
  readonly callee: Callee;
};

export type Builtin = Callee & {
  readonly call: (site: Site, args: Arguments) => Value;
  readonly over: OverIndices | null;
};

/** `"x, axis = -1, eps = 1e-12"`: what has a default is optional; `...` stands for names of the caller's choice. */
function parameters(form: string): readonly Parameter[] {
  const parts = form.split(", ").filter((part) => part !== "" && part !== "...");
  return parts.map((part) => ({ name: part.split(" = ")[0] ?? part, optional: part.includes(" = ") }));
}

const callee = (name: string, form: string, index = ""): Callee => ({
  name,
  signature: `\`${name}${index}(${form})\``,
  parameters: parameters(form),
  open: form.endsWith("..."),
});

export function builtin(name: string, form: string, call: Builtin["call"]): Builtin {
  return { ...callee(name, form), call, over: null };
}

type Over = Omit<OverIndices, "callee"> & { readonly form: string };

/** Both `sum(x, axis = all)` and `sum[i](x)`. */
export function reducing(name: string, form: string, call: Builtin["call"], over: Over): Builtin {
  const whole = callee(name, form);
  const overCallee = callee(name, over.form, over.many ? "[i, j]" : "[i]");
  const signature = `${whole.signature} or ${overCallee.signature}`;
  const { binds, many, apply } = over;
  return { ...whole, signature, call, over: { binds, many, apply, callee: { ...overCallee, signature } } };
}
