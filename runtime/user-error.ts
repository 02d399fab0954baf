import { diagnose, type MessageSpec } from "../grammar/diagnostic.js";
import type { Span } from "../grammar/span.js";

/** 2: the command was written wrongly. 3: the device, the data or the memory did not do. */
export type UserExit = 2 | 3;

/** A mistake of the user outside a `.sig` file. The command line prints it without a stack and exits with `exit`. */
export class UserError extends Error {
  readonly code: string;
  /** What to do instead, one line each. */
  readonly help: readonly string[];
  readonly exit: UserExit;

  constructor(code: string, message: string, help: readonly string[], exit: UserExit) {
    super(message);
    this.name = "UserError";
    this.code = code;
    this.help = help;
    this.exit = exit;
  }
}

// The message names its file itself: data files have bytes, not lines.
const nowhere: Span = { file: "", start: 0, end: 0 };

/** An error from a row of a messages table; the slots are checked by name. */
export function userError<N extends string>(
  row: MessageSpec<N>,
  values: { readonly [K in N]: string | number },
  exit: UserExit = 3,
): UserError {
  const { code, message, help } = diagnose(row, nowhere, printable(values));
  return new UserError(code, message, help, exit);
}

const LONGEST_VALUE = 1000;

/** Names and types come from files of strangers: they may be endless, and what would steer a terminal is shown as its code. */
export function shown(text: string): string {
  const escape = (c: string) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
  return (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text).replace(/\p{Cc}|\p{Cf}/gu, escape);
}

function printable<N extends string>(values: { readonly [K in N]: string | number }): { readonly [K in N]: string | number } {
  const entries = Object.entries<string | number>(values).map(([name, value]) => [name, shown(String(value))]);
  return Object.fromEntries(entries) as { readonly [K in N]: string };
}
