import type { MessageSpec } from "../../grammar/diagnostic.js";
import { userError } from "../user-error.js";

/** A sample that cannot be used: counted and skipped by the loader up to a limit. */
export class BrokenSample extends Error {
  /** The code of its diagnostic. */
  readonly code: string;
  /** Which sample, as in its message. */
  readonly origin: string;
  /** What to do instead, one line each. */
  readonly help: readonly string[];

  constructor(code: string, origin: string, message: string, help: readonly string[]) {
    super(message);
    this.name = "BrokenSample";
    this.code = code;
    this.origin = origin;
    this.help = help;
  }
}

/** A broken sample from a row of a messages table; what would steer a terminal is shown as its code. */
export function brokenSample<N extends string>(
  row: MessageSpec<N | "origin">,
  values: { readonly [K in N | "origin"]: string | number },
): BrokenSample {
  const { code, message, help } = userError(row, values);
  return new BrokenSample(code, String(values.origin), message, help);
}
