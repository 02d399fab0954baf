import type { Span } from "./span.js";

export type Severity = "error" | "warning";

/** A second place that explains the first: the other origin of a size, the earlier definition of a name. */
export type Related = { readonly span: Span; readonly message: string };

/** One mistake of the user, as data. The text is written for the person who made it. */
export type Diagnostic = {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly related: readonly Related[];
  /** What to write instead, one line each. */
  readonly help: readonly string[];
};

type Slots<Parts extends readonly string[]> = { readonly [K in Parts[number]]: string | number };

/** One row of a messages table: `error("SIG3012")\`${"value"} meets ${"pair"}\`.help\`write ${"perRow"}\``. */
export type MessageSpec<Names extends string = string> = {
  readonly code: string;
  readonly severity: Severity;
  readonly template: string;
  readonly helps: readonly string[];
  readonly slots: readonly Names[];
  help<const H extends readonly string[]>(strings: TemplateStringsArray, ...names: H): MessageSpec<Names | H[number]>;
};

function join(strings: TemplateStringsArray, names: readonly string[]): string {
  return strings.reduce((text, part, i) => text + part + (i < names.length ? `{${names[i]}}` : ""), "");
}

function spec(code: string, severity: Severity, template: string, helps: readonly string[], slots: readonly string[]): MessageSpec {
  return {
    code,
    severity,
    template,
    helps,
    slots,
    help: (strings, ...names) => spec(code, severity, template, [...helps, join(strings, names)], [...slots, ...names]),
  };
}

function declare(severity: Severity) {
  return (code: string) =>
    <const N extends readonly string[]>(strings: TemplateStringsArray, ...names: N): MessageSpec<N[number]> =>
      spec(code, severity, join(strings, names), [], names) as MessageSpec<N[number]>;
}

export const error = declare("error");
export const warning = declare("warning");

function fill(template: string, values: Slots<readonly string[]>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

/** Turns a row of a messages table into a diagnostic at a place; the slots are checked by name. */
export function diagnose<N extends string>(
  row: MessageSpec<N>,
  span: Span,
  values: { readonly [K in N]: string | number },
  related: readonly Related[] = [],
): Diagnostic {
  return {
    code: row.code,
    severity: row.severity,
    message: fill(row.template, values),
    span,
    related,
    help: row.helps.map((help) => fill(help, values)),
  };
}
