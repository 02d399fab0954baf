import type { Id } from "./graph.js";

/** The new ids of old ones, while a graph is made anew. */
export class Renumbering {
  readonly #ids = new Map<Id, Id>();

  set(old: Id, id: Id): void {
    this.#ids.set(old, id);
  }

  has(old: Id): boolean {
    return this.#ids.has(old);
  }

  readonly to = (old: Id): Id => {
    const id = this.#ids.get(old);
    if (id === undefined) throw new Error(`%${old} is read before it is made`);
    return id;
  };
}
