/** Reverse-mode differentiation of a graph: one walk back from the loss, over the rules of the ops. */
import { diagnose, type Diagnostic } from "../../grammar/diagnostic.js";
import { extend } from "../graph/extend.js";
import { type Graph, type GraphOutput, type Id, isTile, type Node } from "../graph/graph.js";
import { onTheWayBack } from "../graph/origin.js";
import { isFloat } from "../graph/type.js";
import { elementwiseRules } from "./elementwise-rules.js";
import { addCotangents, mask, unmask } from "./masked.js";
import { messages } from "./messages.js";
import type { Context, Cotangent, NotDifferentiable } from "./rule.js";
import { rules } from "./rules.js";

export type Differentiation = {
  /** The output to differentiate: a float scalar. */
  readonly of: string;
  /** The inputs to differentiate by: floats. */
  readonly wrt: readonly string[];
};

export type Differentiated =
  | { readonly graph: Graph; readonly diagnostics: readonly [] }
  | { readonly graph: null; readonly diagnostics: readonly Diagnostic[] };

/** A rule with op and attrs untied: a node carries both from one row of the table. */
type AnyRule = ((context: Context<never>) => readonly Cotangent[]) | "zero" | NotDifferentiable;

const ruleOf = (node: Node): AnyRule => rules[node.op] as AnyRule;

/**
 * Keeps every output and adds `grad.<name>` for each wanted input, zeros where the loss does not depend on it.
 * Cotangents are added in the order in which the walk meets them, users last to first, so equal graphs give equal bits.
 */
export function differentiate(graph: Graph, { of, wrt }: Differentiation): Differentiated {
  const loss = graph.outputs.find((output) => output.name === of);
  if (loss === undefined) throw new Error(`no output "${of}" to differentiate`);
  const { b, to } = extend(graph);
  const nodes = graph.nodes.map((node): Node => {
    const copied = b.node(to(node.id));
    if (isTile(copied)) throw new Error("a tile has no gradient: tiles are formed after gradients");
    return copied;
  });

  const wanted = new Map(wrt.map((name) => [name, inputNamed(nodes, name)]));
  const origin = originOfDependence(nodes, wanted);
  const cotangents = new Map<Id, Id>();
  const diagnostics: Diagnostic[] = [];

  const seed = b.node(to(loss.value)) as Node;
  if (!isFloat(seed.type.dtype) || seed.type.shape.length > 0) throw new Error(`output "${of}" is not a float scalar`);
  b.span = seed.span;
  if (origin.has(seed.id)) cotangents.set(seed.id, b.const(1, seed.type.dtype));

  for (const node of [...nodes].reverse()) {
    const d = cotangents.get(node.id);
    if (d === undefined) continue;
    const rule = ruleOf(node);
    if (rule === "zero") continue;
    b.span = onTheWayBack(node.span);
    if (typeof rule === "object") {
      diagnostics.push(
        diagnose(messages.notDifferentiable, node.span, { input: origin.get(node.id) ?? "", op: node.op, reason: rule.notDifferentiable }),
      );
      continue;
    }
    const { value, masks } = node.op in elementwiseRules ? unmask(b, d) : { value: d, masks: [] };
    const thunks = rule({ ins: node.ins, attrs: node.attrs, out: node.id, d: value, b } as unknown as Context<never>);
    node.ins.forEach((operand, k) => {
      const thunk = thunks[k];
      if (thunk === null || thunk === undefined || !origin.has(operand)) return;
      const sofar = cotangents.get(operand);
      const share = mask(b, { value: thunk(), masks });
      cotangents.set(operand, sofar === undefined ? share : addCotangents(b, sofar, share));
    });
  }
  if (diagnostics.length > 0) return { graph: null, diagnostics: diagnostics.reverse() };

  const gradients = [...wanted].map(([name, input]): GraphOutput => {
    b.span = input.span;
    return { name: `grad.${name}`, value: cotangents.get(input.id) ?? b.constLike(0, input.id) };
  });
  const kept = graph.outputs.map(({ name, value }): GraphOutput => ({ name, value: to(value) }));
  return { graph: b.finish([...kept, ...gradients]), diagnostics: [] };
}

function inputNamed(nodes: readonly Node[], name: string): Node {
  const input = nodes.find((node) => node.op === "input" && node.attrs.name === name);
  if (input === undefined) throw new Error(`no input "${name}" to differentiate by`);
  if (!isFloat(input.type.dtype)) throw new Error(`input "${name}" is not a float`);
  return input;
}

/** The nodes through which a wanted input can reach the loss, each with one such input's name. */
function originOfDependence(nodes: readonly Node[], wanted: ReadonlyMap<string, Node>): ReadonlyMap<Id, string> {
  const origin = new Map<Id, string>([...wanted].map(([name, input]) => [input.id, name]));
  for (const node of nodes) {
    if (!isFloat(node.type.dtype) || ruleOf(node) === "zero") continue;
    const operand = node.ins.find((id) => origin.has(id));
    if (operand !== undefined) origin.set(node.id, origin.get(operand) ?? "");
  }
  return origin;
}
