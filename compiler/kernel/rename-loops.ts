/** A tile's body with its loops numbered over the whole program: `@i` of the text becomes `@3` in every size. */
import type { Graph, GraphNode } from "../graph/graph.js";
import { isTile } from "../graph/graph.js";
import { type BatchId, type Size, substituteSize } from "../graph/size.js";
import type { Type } from "../graph/type.js";

export function renameLoops(body: Graph, by: Readonly<Record<BatchId, Size>>): Graph {
  const size = (old: Size): Size => substituteSize(old, by);
  const type = (old: Type): Type => ({ ...old, shape: old.shape.map(size) });
  const rename = (node: GraphNode): GraphNode => {
    if (isTile(node)) throw new Error("a tile's body holds no tile");
    const renamed = { ...node, type: type(node.type) };
    switch (renamed.op) {
      case "input":
      case "arg":
      case "project":
        return { ...renamed, attrs: { ...renamed.attrs, type: type(renamed.attrs.type) } } as GraphNode;
      case "iota":
      case "loop_index":
      case "scatter_add":
        return { ...renamed, attrs: { ...renamed.attrs, size: size(renamed.attrs.size) } } as GraphNode;
      case "broadcast":
      case "reshape":
        return { ...renamed, attrs: { ...renamed.attrs, shape: renamed.attrs.shape.map(size) } } as GraphNode;
      case "slice":
        return { ...renamed, attrs: { ...renamed.attrs, start: size(renamed.attrs.start), stop: size(renamed.attrs.stop) } };
      case "pad":
        return { ...renamed, attrs: { ...renamed.attrs, low: size(renamed.attrs.low), high: size(renamed.attrs.high) } };
      default:
        return renamed as GraphNode;
    }
  };
  return { ...body, nodes: body.nodes.map(rename) };
}
