/**
 * The k candidates with the highest scores, per query. Candidates come in blocks, which may follow each other without end:
 * the engine picks the best of each block in one sweep, and the lists are merged here.
 */
import type { Compilable } from "../../compiler/compile.js";
import { GraphBuilder } from "../../compiler/graph/builder.js";
import type { Id } from "../../compiler/graph/graph.js";
import { batch, constant } from "../../compiler/graph/size.js";
import type { Type } from "../../compiler/graph/type.js";
import { type HostArray, valueAt } from "../data/host-array.js";
import { Compiled, type Machine } from "./compiled.js";
import { matrixOf, type Sound, separateUnsound } from "./embeddings.js";

/** `index` counts the candidates in the order in which they came. */
export type Neighbour = { readonly index: number; readonly score: number };

export class Nearest {
  readonly #compiled: Compiled;
  readonly #queries: Sound;
  readonly #precision: "f32" | "f64";
  readonly #k: number;
  readonly #lists: Neighbour[][];
  #seen = 0;

  private constructor(compiled: Compiled, queries: Sound, precision: "f32" | "f64", k: number) {
    this.#compiled = compiled;
    this.#queries = queries;
    this.#precision = precision;
    this.#k = k;
    this.#lists = Array.from({ length: matrixOf(queries.vectors).rows }, () => []);
  }

  static async among(queries: HostArray, k: number, machine: Machine): Promise<Nearest> {
    const compiled = await Compiled.load(nearestProgram(matrixOf(queries).width, k), machine);
    return new Nearest(compiled, separateUnsound(queries, machine.precision), machine.precision, k);
  }

  /** The next candidates, [rows, width]. Those with NaN or infinity are counted and never found. */
  async add(candidates: HostArray): Promise<void> {
    const { rows } = matrixOf(candidates);
    const { vectors, sound } = separateUnsound(candidates, this.#precision);
    const inputs = new Map([
      ["query", this.#queries.vectors],
      ["candidate", vectors],
      ["sound", sound],
    ]);
    const outputs = await this.#compiled.run({ n: this.#lists.length, m: rows }, inputs);
    const [scores, indices] = [outputs.get("score"), outputs.get("index")];
    if (scores === undefined || indices === undefined) throw new Error("the nearest have no score or index");
    this.#lists.forEach((list, query) => {
      if (this.#queries.sound.data[query] === 0) return;
      for (let place = 0; place < Math.min(this.#k, rows); place++) {
        const index = valueAt(indices, query * this.#k + place);
        const score = valueAt(scores, query * this.#k + place);
        if (sound.data[index] === 1) list.push({ index: this.#seen + index, score });
      }
      list.sort((a, b) => b.score - a.score || a.index - b.index);
      list.splice(this.#k);
    });
    this.#seen += rows;
  }

  /** Per query, falling; among equals the earlier candidate goes first. */
  get lists(): readonly (readonly Neighbour[])[] {
    return this.#lists;
  }

  dispose(): void {
    this.#compiled.dispose();
  }
}

/** The language has no word for a list of indices; the graph has. */
function nearestProgram(width: number, k: number): Compilable {
  const b = new GraphBuilder({ file: "nearest", start: 0, end: 0 });
  const [n, m] = [batch("n"), batch("m")];
  const input = (name: string, type: Type): Id => b.emit("input", [], { name, role: "data", type });
  const query = input("query", { dtype: "f32", shape: [n, constant(width)] });
  const candidate = input("candidate", { dtype: "f32", shape: [m, constant(width)] });
  const sound = input("sound", { dtype: "bool", shape: [m] });
  const products = b.dot(query, candidate, [[1, 1]]);
  const scores = b.select(b.broadcast(sound, [n, m], [1]), products, b.constLike(Number.NEGATIVE_INFINITY, products));
  const outputs = [
    { name: "score", value: b.emit("topk", [scores], { axis: 1, k }) },
    { name: "index", value: b.emit("topk_index", [scores], { axis: 1, k }) },
  ];
  return { name: "nearest", graph: b.finish(outputs) };
}
