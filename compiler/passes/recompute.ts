/**
 * Makes values again on the way back that would have to be held since the way forward.
 *
 *   %2 = gelu %1; … %9 = mul %8, %2          =>   %2 = gelu %1; … %9 = stored %1; %10 = gelu %9; %11 = mul %8, %10
 *
 * `stored` says to kernels that the second `gelu` is not the first: it is made when it is read. Which values, and in which order
 * they are given up, is decided by `saved/`; `count` says how far to go. Values keep their bits.
 */
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Id, isTile, type Node } from "../graph/graph.js";
import { Renumbering } from "../graph/renumbering.js";
import { copy } from "../graph/rewrite.js";
import type { Pass, PassNote } from "./pass.js";
import { type Forward, isPlain } from "./saved/forward.js";
import type { Ladder } from "./saved/ladder.js";
import { isKept } from "./saved/rungs.js";
import type { Sources } from "./saved/sources.js";

/** `count`: how many rungs are dropped; 0 keeps everything. */
export const recompute = (ladderOf: (graph: Graph) => Ladder, count: number): Pass => ({
  name: "recompute",
  summary: "makes values again on the way back instead of holding them since the way forward",
  run: (graph) => {
    if (count <= 0 || graph.nodes.some((node) => node.op === "stored")) return { graph, notes: [] };
    const ladder = ladderOf(graph);
    const dropped = ladder.rungs.slice(0, count);
    return dropped.length === 0
      ? { graph, notes: [] }
      : new Remaking(
          graph,
          ladder,
          dropped.flatMap(({ values }) => values.map(({ id }) => id)),
        ).run();
  },
});

class Remaking {
  readonly #graph: Graph;
  readonly #forward: Forward;
  readonly #sources: Sources;
  readonly #dropped: ReadonlySet<Id>;
  readonly #b: GraphBuilder;
  readonly #ids = new Renumbering();
  readonly #first = this.#ids.to;
  readonly #again = new Map<Id, Id>();
  readonly #gone = new Map<Id, boolean>();

  constructor(graph: Graph, { forward, sources }: Ladder, dropped: readonly Id[]) {
    this.#graph = graph;
    this.#forward = forward;
    this.#sources = sources;
    this.#dropped = new Set(dropped);
    const [first] = graph.nodes;
    if (first === undefined) throw new Error("a graph without nodes saves nothing");
    this.#b = new GraphBuilder(first.span);
  }

  run(): { readonly graph: Graph; readonly notes: readonly PassNote[] } {
    for (const node of this.#graph.nodes) {
      const operand = this.#forward.has(node.id) ? this.#first : (id: Id) => this.#onTheWayBack(id);
      const ins = isTile(node) ? node.ins.map(({ value }) => value) : node.ins;
      for (const id of ins) operand(id);
      this.#b.span = node.span;
      this.#ids.set(node.id, copy(node, this.#b, operand));
    }
    const outputs = this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#first(value) }));
    return { graph: this.#b.finish(outputs), notes: [] };
  }

  #onTheWayBack(id: Id): Id {
    return this.#forward.saved.has(id) && this.#isMadeAgain(id) ? this.#made(id) : this.#first(id);
  }

  /** Dropped, or made of a source that is. */
  #isMadeAgain(id: Id): boolean {
    const known = this.#gone.get(id);
    if (known !== undefined) return known;
    const node = this.#forward.nodes.get(id);
    const within = node !== undefined && !isPlain(node) && !isKept(this.#sources, node as Node);
    const gone = this.#dropped.has(id) || (within && (node as Node).ins.some((operand) => this.#isMadeAgain(operand)));
    this.#gone.set(id, gone);
    return gone;
  }

  /** The value as the way back has it: made again, or read from where it is stored. */
  #made(id: Id): Id {
    const known = this.#again.get(id);
    if (known !== undefined) return known;
    const node = this.#forward.nodes.get(id);
    if (node === undefined || isPlain(node)) return this.#first(id);
    const again = isKept(this.#sources, node as Node) && !this.#dropped.has(id) ? this.#read(node as Node) : this.#remake(node as Node);
    this.#again.set(id, again);
    return again;
  }

  #read(node: Node): Id {
    this.#b.span = node.span;
    return this.#b.emit("stored", [this.#first(node.id)], {});
  }

  #remake(node: Node): Id {
    const ins = node.ins.map((operand) => this.#made(operand));
    this.#b.span = node.span;
    const again = this.#b.emit(node.op, ins, node.attrs as never);
    return this.#forward.isRounded(node.id) ? this.#b.emit("stored", [again], {}) : again;
  }
}
