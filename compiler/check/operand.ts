import type { Span } from "../../grammar/span.js";
import type { Value } from "./value.js";

/** A value with its place, and how the source spells it. */
export type Operand = { readonly value: Value; readonly span: Span; readonly text: string };

/** What stands between the brackets of a call. */
export type GivenArgument = { readonly name: { readonly name: string; readonly span: Span } | null; readonly operand: Operand };
