/** The cheapest cut of a network: Dinic 1970. */

type Edge = { readonly to: number; capacity: number };

export class Network {
  /** Edge k and edge k ^ 1 are one there and back. */
  readonly #edges: Edge[] = [];
  readonly #from: number[][] = [];

  node(): number {
    return this.#from.push([]) - 1;
  }

  edge(from: number, to: number, capacity: number): void {
    this.#from[from]?.push(this.#edges.push({ to, capacity }) - 1);
    this.#from[to]?.push(this.#edges.push({ to: from, capacity: 0 }) - 1);
  }

  /** The nodes on the sink's side of the cheapest cut that lies nearest to the sink. */
  cut(source: number, sink: number): ReadonlySet<number> {
    for (let levels = this.#levels(source); (levels[sink] ?? -1) >= 0; levels = this.#levels(source)) {
      const next = this.#from.map(() => 0);
      while (this.#push(source, sink, levels, next) > 0);
    }
    const reaching = new Set([sink]);
    const stack = [sink];
    for (let node = stack.pop(); node !== undefined; node = stack.pop())
      for (const k of this.#from[node] ?? []) {
        const from = this.#edges[k]?.to ?? -1;
        if ((this.#edges[k ^ 1]?.capacity ?? 0) <= 0 || reaching.has(from)) continue;
        reaching.add(from);
        stack.push(from);
      }
    return reaching;
  }

  /** Steps from the source through edges that have room. */
  #levels(source: number): readonly number[] {
    const levels = this.#from.map(() => -1);
    levels[source] = 0;
    const queue = [source];
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head] ?? 0;
      for (const k of this.#from[node] ?? []) {
        const edge = this.#edges[k];
        if (edge === undefined || edge.capacity <= 0 || (levels[edge.to] ?? 0) >= 0) continue;
        levels[edge.to] = (levels[node] ?? 0) + 1;
        queue.push(edge.to);
      }
    }
    return levels;
  }

  /** Sends what one path takes. Walks by hand: paths are as long as a program is deep. */
  #push(source: number, sink: number, levels: readonly number[], next: number[]): number {
    const path: number[] = [];
    let node = source;
    while (node !== sink) {
      const k = this.#from[node]?.[next[node] ?? 0];
      if (k === undefined) {
        const back = path.pop();
        if (back === undefined) return 0;
        node = this.#edges[back ^ 1]?.to ?? source;
        next[node] = (next[node] ?? 0) + 1;
        continue;
      }
      const edge = this.#edges[k];
      if (edge !== undefined && edge.capacity > 0 && levels[edge.to] === (levels[node] ?? 0) + 1) {
        path.push(k);
        node = edge.to;
      } else next[node] = (next[node] ?? 0) + 1;
    }
    const least = Math.min(...path.map((k) => this.#edges[k]?.capacity ?? 0));
    for (const k of path) {
      const [there, back] = [this.#edges[k], this.#edges[k ^ 1]];
      if (there === undefined || back === undefined) continue;
      there.capacity -= least;
      back.capacity += least;
    }
    return least;
  }
}
