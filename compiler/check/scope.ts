import { didYouMean } from "../../grammar/did-you-mean.js";
import type { Span } from "../../grammar/span.js";
import type { IndexVariable } from "./index-variable.js";
import { messages } from "./messages.js";
import { refuse } from "./refusal.js";

export type Binding<V> = {
  readonly name: string;
  readonly span: Span;
  /** What the name is, in words that finish "`x` is …": "an input". */
  readonly what: string;
  readonly value: V;
  /** Set where the name is an index. */
  readonly index: IndexVariable | null;
};

/** Names in a region of the source. A name is defined once; inner regions may not hide the indices of outer ones. */
export class Scope<V> {
  readonly #parent: Scope<V> | null;
  readonly #bindings = new Map<string, Binding<V>>();
  readonly #used = new Set<string>();
  /** Names that the region defines further down, for "used before its definition". */
  readonly #later = new Map<string, Span>();

  constructor(parent: Scope<V> | null) {
    this.#parent = parent;
  }

  announce(name: string, span: Span): void {
    if (!this.#later.has(name)) this.#later.set(name, span);
  }

  /** Refuses a second definition in one region; the first stays. */
  define(binding: Binding<V>): void {
    const earlier = this.#bindings.get(binding.name);
    if (earlier !== undefined)
      refuse(
        messages.definedTwice,
        binding.span,
        { name: binding.name, what: earlier.what },
        {
          related: [{ span: earlier.span, message: `\`${binding.name}\` is defined here first` }],
        },
      );
    this.#bindings.set(binding.name, binding);
  }

  find(name: string): Binding<V> | null {
    const binding = this.#bindings.get(name);
    if (binding === undefined) return this.#parent?.find(name) ?? null;
    this.#used.add(name);
    return binding;
  }

  /** Is the name known here or further out, without counting as a use? */
  peek(name: string): Binding<V> | null {
    return this.#bindings.get(name) ?? this.#parent?.peek(name) ?? null;
  }

  later(name: string): Span | null {
    return this.#later.get(name) ?? this.#parent?.later(name) ?? null;
  }

  names(): readonly string[] {
    return [...this.#bindings.keys(), ...(this.#parent?.names() ?? [])];
  }

  unused(): readonly Binding<V>[] {
    return [...this.#bindings.values()].filter((binding) => !this.#used.has(binding.name));
  }

  /** The value of a name, or a refusal that says what is wrong with it. `others`: names that would do as well. */
  resolve(name: string, span: Span, others: readonly string[] = []): Binding<V> {
    const binding = this.find(name);
    if (binding !== null) return binding;
    const later = this.later(name);
    if (later !== null) refuse(messages.usedBefore, span, { name }, { related: [{ span: later, message: `\`${name}\` is defined here` }] });
    return refuse(messages.unknownName, span, { name }, { meant: didYouMean(name, [...this.names(), ...others]) });
  }
}
