/**
 * Sweeps name the largest of a row by its place in the whole axis: the loop's index, gathered at an argmax or topk_index of the
 * block. Where the value that it follows is a result beside it, the kernel that compares can take the loop's index along, and merge
 * both into what earlier blocks found: no list of each block is stored, and the best so far turn most of a block away at once.
 */
import { type Graph, type Id, indexNodes, isTile, type Node, type Tile } from "../graph/graph.js";

/** Where there is no element to name: see argmax and topk_index in the op table. */
const NO_INDEX = 2147483647;

export type TravellingIndex = { /** The argmax or topk_index. */ readonly value: Id /** What it takes along. */; readonly travels: Id };

/** By the place of the result. */
export function travellingIndices(body: Graph, { outs }: Tile): ReadonlyMap<number, TravellingIndex> {
  const nodes = indexNodes(body);
  const node = (id: Id | undefined): Node | null => {
    const found = nodes.get(id ?? -1);
    return found === undefined || isTile(found) ? null : found;
  };
  const found = new Map<number, TravellingIndex>();
  outs.forEach((out, k) => {
    const gathered = behindMissing(node(out.value), node);
    const lead = out.by === null ? undefined : outs[out.by];
    if (gathered?.op !== "gather" || lead === undefined) return;
    const [index, reduction] = [node(gathered.ins[0]), node(gathered.ins[1])];
    const value = node(lead.value);
    if (index?.op === "loop_index" && reduction !== null && value !== null && follows(reduction, value) && reduction.op === out.merge)
      found.set(k, { value: reduction.id, travels: index.id });
  });
  // A value is merged with all that follow it, or later with all of them.
  const isWhole = (lead: number | null): boolean => outs.every(({ by }, k) => by !== lead || found.has(k));
  return new Map([...found].filter(([k]) => isWhole(outs[k]?.by ?? null)));
}

/** A list of the k best that is not full holds NO_INDEX, which is kept as it is: select(index == NO_INDEX, index, gathered). */
function behindMissing(value: Node | null, node: (id: Id | undefined) => Node | null): Node | null {
  if (value?.op !== "select") return value;
  const [test, gathered] = [node(value.ins[0]), node(value.ins[2])];
  const missing = test?.op === "eq" && test.ins[0] === value.ins[1] ? node(test.ins[1]) : null;
  const constant = missing?.op === "broadcast" ? node(missing.ins[0]) : missing;
  const isMissing = constant?.op === "const" && constant.attrs.value === NO_INDEX;
  return isMissing && gathered?.op === "gather" && gathered.ins[1] === value.ins[1] ? gathered : value;
}

/** Both reduce the same values along the same axis. */
function follows(index: Node, value: Node): boolean {
  if (index.ins[0] !== value.ins[0]) return false;
  if (index.op === "argmax") return value.op === "max" && value.attrs.axes.join() === String(index.attrs.axis);
  return index.op === "topk_index" && value.op === "topk" && value.attrs.axis === index.attrs.axis && value.attrs.k === index.attrs.k;
}
