/** Local rewriting, the machinery of the passes that are tables of rules: each op is offered to its rules before it becomes a node. */
import { GraphBuilder } from "./builder.js";
import { copyInto } from "./extend.js";
import { type Graph, type GraphNode, type Id, isTile, type Node, operandsOf } from "./graph.js";
import type { Attrs, OpName } from "./op-table.js";
import type { Operands } from "./operands.js";

/** An op about to be emitted: its operands are rewritten already. */
export type Site<K extends OpName> = { readonly ins: Operands<K>; readonly attrs: Attrs[K]; readonly b: GraphBuilder };

/** The value that stands for the op, or null where the rule does not apply. It sees what the op is made of, never who reads it. */
export type PeepholeRule<K extends OpName> = (site: Site<K>) => Id | null;

/** A rule for any op. */
export type AnyOpRule = (op: OpName, ins: readonly Id[], attrs: Attrs[OpName], b: GraphBuilder) => Id | null;

export type PeepholeRules = {
  readonly first?: AnyOpRule;
  readonly byOp: { readonly [K in OpName]?: readonly PeepholeRule<K>[] };
};

class RewritingBuilder extends GraphBuilder {
  readonly #rules: PeepholeRules;
  /** Has a rule applied? */
  fired = false;

  constructor(rules: PeepholeRules, span: GraphNode["span"]) {
    super(span);
    this.#rules = rules;
  }

  /** What a rule emits is offered to the rules in turn. */
  override emit<K extends OpName>(op: K, ins: readonly Id[], attrs: Attrs[K]): Id {
    const general = this.#rules.first?.(op, ins, attrs, this) ?? null;
    if (general !== null) return this.#replaced(general);
    const rules: readonly PeepholeRule<K>[] = this.#rules.byOp[op] ?? [];
    for (const rule of rules) {
      const id = rule({ ins: ins as unknown as Operands<K>, attrs, b: this });
      if (id !== null) return this.#replaced(id);
    }
    return super.emit(op, ins, attrs);
  }

  #replaced(id: Id): Id {
    this.fired = true;
    return id;
  }
}

/**
 * One walk suffices and a second changes nothing: a node in the result was refused by every rule over the very
 * operands that it has there. Nodes that nothing reads any more are left out, inputs apart. The same graph where no rule applies.
 */
export function rewritePeepholes(graph: Graph, rules: PeepholeRules): Graph {
  const first = graph.nodes[0];
  if (first === undefined) return graph;
  const { b, to } = copyInto(graph, new RewritingBuilder(rules, first.span));
  return b.fired ? reachable(b.finish(graph.outputs.map(({ name, value }) => ({ name, value: to(value) })))) : graph;
}

function reachable(graph: Graph): Graph {
  const read = new Set(graph.outputs.map((output) => output.value));
  for (const node of [...graph.nodes].reverse()) if (read.has(node.id)) for (const operand of operandsOf(node)) read.add(operand);
  return { ...graph, nodes: graph.nodes.filter((node) => read.has(node.id) || node.op === "input") };
}

// Looking at what an operand is made of ---------------------------------------------------------------------

/** The node behind a value, if it is this op. */
export function madeBy<K extends OpName>(b: GraphBuilder, id: Id, op: K): Node<K> | null {
  const node = b.node(id);
  return !isTile(node) && node.op === op ? (node as Node<K>) : null;
}

/** The one operand of the node behind a value, if it is this op. */
export function operandOf(b: GraphBuilder, id: Id, op: OpName): Id | null {
  return madeBy(b, id, op)?.ins[0] ?? null;
}

/** The number that every element is, if the value is a constant or one broadcast. */
export function constantOf(b: GraphBuilder, id: Id): number | null {
  const scalar = operandOf(b, id, "broadcast") ?? id;
  return madeBy(b, scalar, "const")?.attrs.value ?? null;
}
