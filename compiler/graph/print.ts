/**
 * Graph → text: one line a node, values renumbered in print order. Deterministic; `parseGraph` reads it back exactly.
 *
 *   %2 = dot %0, %1 {contract = [[1, 1]]} : f32[n, m] @"siglip.sig":120:133
 */
import type { Span } from "../../grammar/span.js";
import { attrTextsOf } from "./attr-text.js";
import { type Graph, type GraphNode, type Id, isTile, type Node, type Tile } from "./graph.js";
import { printSize } from "./size.js";
import { printType } from "./type.js";

export type PrintOptions = { readonly spans?: boolean };
type Naming = (id: Id) => string;

export function printGraph(graph: Graph, { spans = true }: PrintOptions = {}): string {
  const naming = denseNames(graph);
  const nodes = printNodes(graph, naming, spans, "");
  const outputs = graph.outputs.map(({ name, value }) => `output ${JSON.stringify(name)} = ${naming(value)}\n`);
  return nodes + outputs.join("");
}

/** One node on its own, under its real ids: for messages. */
export const printNode = (node: GraphNode): string => `%${node.id} = ${describe(node, (id) => `%${id}`, true, "")}`;

/** The attributes as the text shows them: `{axes = [0]}`, or nothing. */
export const printAttrs = (node: Node): string => lead(node) + braces(node);

function denseNames(graph: Graph): Naming {
  const names = new Map(graph.nodes.map((node, i) => [node.id, `%${i}`]));
  return (id) => names.get(id) ?? `%missing_${id}`;
}

function printNodes(graph: Graph, naming: Naming, spans: boolean, indent: string): string {
  return graph.nodes.map((node) => `${indent}${naming(node.id)} = ${describe(node, naming, spans, indent)}\n`).join("");
}

function describe(node: GraphNode, naming: Naming, spans: boolean, indent: string): string {
  return (isTile(node) ? tile(node, naming, spans, indent) : op(node, naming)) + (spans ? printSpan(node.span) : "");
}

const printSpan = (span: Span): string => ` @${JSON.stringify(span.file)}:${span.start}:${span.end}`;

function op(node: Node, naming: Naming): string {
  const operands = node.ins.length === 0 ? "" : ` ${node.ins.map(naming).join(", ")}`;
  return `${node.op}${lead(node)}${operands}${braces(node)} : ${printType(node.type)}`;
}

const attr = (node: Node, name: string): unknown => (node.attrs as unknown as Record<string, unknown>)[name];

const lead = (node: Node): string =>
  attrTextsOf(node.op)
    .map(([name, text]) => (text.where === "lead" ? ` ${text.print(attr(node, name))}` : ""))
    .join("");

function braces(node: Node): string {
  const items = attrTextsOf(node.op).flatMap(([name, text]) => {
    if (text.where !== "braces") return [];
    const value = text.print(attr(node, name));
    return "usual" in text && text.print(text.usual) === value ? [] : [`${name} = ${value}`];
  });
  return items.length === 0 ? "" : ` {${items.join(", ")}}`;
}

function tile(node: Tile, naming: Naming, spans: boolean, indent: string): string {
  const loopName = (loop: number | null): string => (loop === null ? "_" : (node.loops[loop]?.name ?? `missing_${loop}`));
  const axes = (loops: readonly (number | null)[]): string => (loops.length === 0 ? "" : `[${loops.map(loopName).join(", ")}]`);
  const inner = denseNames(node.body);
  const loops = node.loops.map(({ name, extent, block }) => `${name}: ${printSize(extent)} by ${block}`);
  const ins = node.ins.map(({ value, slice }) => naming(value) + axes(slice));
  const outs = node.outs.map(({ value, place, merge, by }, k) => {
    const type = node.types[k];
    return `${merge} ${inner(value)}${axes(place)}${by === null ? "" : ` by ${by}`} : ${type === undefined ? "missing" : printType(type)}`;
  });
  const body = printNodes(node.body, inner, spans, `${indent}  `);
  const recomputed = node.recomputed.length === 0 ? "" : ` recomputed [${node.recomputed.map(inner).join(", ")}]`;
  return `tile (${loops.join(", ")}) (${ins.join(", ")}) -> (${outs.join(", ")}) {\n${body}${indent}}${recomputed}`;
}
