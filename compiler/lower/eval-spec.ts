/** What the `eval` block measures. */
import type { Span } from "../../grammar/span.js";
import type { BatchId } from "../graph/size.js";

/** A value with one row of floats per example. */
export type EvalValue = { readonly name: string; readonly batch: BatchId; readonly width: number };

/** Both ways between pictures and texts. */
export type RetrievalTask = {
  readonly kind: "retrieval";
  readonly image: EvalValue;
  readonly text: EvalValue;
  /** Inputs whose numbers say which texts are right for which pictures; null: those of the same sample. */
  readonly ids: { readonly image: string; readonly text: string } | null;
  readonly span: Span;
};

/** Pictures against the names of classes, each put into templates. */
export type ZeroShotTask = {
  readonly kind: "zero_shot";
  readonly image: EvalValue;
  readonly text: EvalValue;
  /** The input that says a picture's class: its place in the list, from 0. */
  readonly label: string;
  /** Files with a JSON list of strings, relative to the folder of the `.sig` file. Without templates a name stands alone. */
  readonly classes: string;
  readonly templates: string | null;
  readonly span: Span;
};

export type EvalTask = RetrievalTask | ZeroShotTask;
export type EvalSpec = { readonly tasks: readonly EvalTask[]; readonly span: Span };
