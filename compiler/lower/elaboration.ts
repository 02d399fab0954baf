import type { Span } from "../../grammar/span.js";
import { type IndexVariable, indexVariable } from "../check/index-variable.js";
import { messages } from "../check/messages.js";
import type { GivenArgument } from "../check/operand.js";
import { mistake, refuse, type Report } from "../check/refusal.js";
import type { LayerValue, ModuleValue, Tensor, Value } from "../check/value.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Id } from "../graph/graph.js";
import type { Origin } from "../graph/origin.js";
import type { Draws } from "./draws.js";
import type { ParamDecl } from "./program.js";

/** Where nodes are made, and the part of the source that they stand for. */
export type Site = { readonly e: Elaboration; readonly span: Span };

/** Modules hold expressions and expressions apply modules: the second way goes through here. */
export type Modules = {
  readonly configure: (site: Site, module: ModuleValue, given: readonly GivenArgument[]) => Value;
  readonly apply: (site: Site, layer: LayerValue, given: readonly GivenArgument[]) => Value;
};

const MOST_APPLICATIONS = 100_000;

/** What the elaboration of one pipeline gathers on its way. */
export class Elaboration {
  readonly b: GraphBuilder;
  readonly report: Report;
  readonly modules: Modules;
  /** null where the program is not lowered for a training step. */
  readonly draws: Draws | null;
  /** By path, in the order of their first use. */
  readonly params = new Map<string, { readonly decl: ParamDecl; readonly value: Tensor }>();
  /** Names of the modules that are being applied, outermost first. */
  readonly applying: string[] = [];
  /** The path of the innermost layer that is being applied and has one. */
  within: string | null = null;
  readonly #indices: { readonly index: IndexVariable; readonly value: Tensor }[] = [];
  readonly #values: { readonly name: string; readonly value: Tensor; readonly yields: boolean }[] = [];
  #applications = 0;

  constructor(b: GraphBuilder, report: Report, modules: Modules, draws: Draws | null) {
    this.b = b;
    this.report = report;
    this.modules = modules;
    this.draws = draws;
  }

  /** What a value stands for that is made now. */
  originOf(span: Span): Origin {
    return this.within === null ? span : { ...span, within: this.within };
  }

  /** A new index and its value, 0, 1, … along its range. */
  index(name: string, span: Span): { readonly index: IndexVariable; readonly value: Tensor } {
    const index = indexVariable(name, span, this.#indices.length);
    const emit = once(() => {
      this.b.span = span;
      return this.b.emit("iota", [], { size: index.range.closed });
    });
    const bound = { index, value: { kind: "tensor", dtype: "i32", indices: [index], dims: [], named: { name, span }, emit } as const };
    this.#indices.push(bound);
    return bound;
  }

  /**
   * Values are emitted in the order in which they are kept, so that the graph reads like the source, and so that
   * no chain of layers is deeper than the stack. A name that `yields` gives way to any other of the same node.
   */
  keep(name: string, value: Tensor, yields = false): void {
    this.#values.push({ name, value, yields });
  }

  /** Counts one more module applied; the limit is far above any tower and far below what exhausts the memory. */
  countApplication(span: Span): void {
    if (++this.#applications > MOST_APPLICATIONS) refuse(messages.tooManyLayers, span, { most: MOST_APPLICATIONS });
  }

  /** Reports the indices whose range nothing has said. */
  closeRanges(): void {
    for (const { index } of this.#indices)
      if (index.range.size === null && !index.name.startsWith("@"))
        this.report.add(mistake(messages.rangeUnknown, index.span, { index: index.name }));
  }

  /** Emits everything that was kept; the name of each node that has one. */
  emitAll(): ReadonlyMap<Id, string> {
    const names = new Map<Id, string>();
    const yielding = new Set<Id>();
    for (const { name, value, yields } of this.#values) {
      const id = value.emit();
      if (names.has(id) && !(yielding.has(id) && !yields)) continue;
      names.set(id, name);
      if (yields) yielding.add(id);
      else yielding.delete(id);
    }
    return names;
  }
}

/** Runs `make` at the first call and remembers its result. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
