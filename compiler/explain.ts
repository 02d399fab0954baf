/** What was fused and what was not, as data: read off the tiled graph and the notes of the passes. */
import type { Span } from "../grammar/span.js";
import type { Template } from "./compile.js";
import { type Graph, type GraphNode, isTile, type Merge, type Node, type Tile } from "./graph/graph.js";
import type { OpName } from "./graph/op-table.js";
import { batchesOf, printSize } from "./graph/size.js";
import { printType } from "./graph/type.js";
import type { LoweredProgram } from "./lower/program.js";
import type { PassNote } from "./passes/pass.js";

/** A result that leaves a sweep. */
export type SweepExit = { readonly op: OpName; readonly merge: Merge; readonly type: string; readonly span: Span };
/** A contraction whose result is a pair value: `recomputed` where an earlier sweep makes it too. */
export type Similarity = { readonly span: Span; readonly recomputed: boolean };
export type Sweep = {
  /** 1-based, in the order of execution. */
  readonly number: number;
  readonly axes: readonly { readonly name: string; readonly extent: string }[];
  readonly exits: readonly SweepExit[];
  readonly similarities: readonly Similarity[];
  /** Ops of the body. */
  readonly ops: number;
};
export type Explanation = { readonly sweeps: readonly Sweep[]; readonly refused: readonly PassNote[]; readonly moved: readonly PassNote[] };

export function explain(template: Template, notes: readonly PassNote[]): Explanation {
  return {
    sweeps: template.graph.nodes.filter(isTile).map(describe),
    refused: notes.filter((note) => note.kind === "refused"),
    moved: notes.filter((note) => note.kind === "moved"),
  };
}

const valuesOf = (graph: Graph): readonly Node[] => graph.nodes.filter((node): node is Node => !isTile(node));

function describe(tile: Tile, index: number): Sweep {
  const body = valuesOf(tile.body);
  const again = new Set(tile.recomputed);
  return {
    number: index + 1,
    axes: tile.loops.map(({ name, extent }) => ({ name, extent: printSize(extent) })),
    exits: tile.outs.flatMap((out, k): SweepExit[] => {
      const node = body.find(({ id }) => id === out.value);
      const type = tile.types[k];
      return node === undefined || type === undefined
        ? []
        : [
            {
              op: out.merge === "argmax" || out.merge === "topk_index" ? out.merge : node.op,
              merge: out.merge,
              type: printType(type),
              span: node.span,
            },
          ];
    }),
    similarities: body
      .filter((node) => node.op === "dot" && isPaired(node, tile))
      .map((node) => ({ span: node.span, recomputed: again.has(node.id) })),
    ops: body.length,
  };
}

/** Has the value an element for each pair of the current blocks? */
function isPaired(node: Node, tile: Tile): boolean {
  const blocks = node.type.shape.flatMap(batchesOf);
  return tile.loops.length === 2 && tile.loops.every(({ name }) => blocks.includes(`@${name}`));
}

/** Where a named value is made. Several places where sweeps make it again. */
export type Place =
  | { readonly kind: "stored"; readonly span: Span }
  | { readonly kind: "sweep"; readonly number: number; readonly recomputed: boolean; readonly isExit: boolean; readonly span: Span };

export type WhyNotFused =
  | { readonly kind: "unknown"; readonly name: string; readonly known: readonly string[] }
  /** Both are made in one sweep. */
  | { readonly kind: "fused"; readonly sweep: number; readonly places: readonly [readonly Place[], readonly Place[]] }
  | {
      readonly kind: "apart";
      readonly reason: string;
      readonly places: readonly [readonly Place[], readonly Place[]];
      readonly refused: readonly PassNote[];
    };

/** Why two definitions of the program are not made in one sweep, or that they are. */
export function whyNotFused(program: LoweredProgram, template: Template, notes: readonly PassNote[], a: string, b: string): WhyNotFused {
  const spans = spansByName(program);
  for (const name of [a, b]) if (!spans.has(name)) return { kind: "unknown", name, known: [...spans.keys()] };
  const places = [placesOf(template.graph, spans.get(a) ?? []), placesOf(template.graph, spans.get(b) ?? [])] as const;
  const names = (note: PassNote, name: string): boolean =>
    note.spans.some((span) => (spans.get(name) ?? []).some((mine) => same(span, mine)));
  const involved = notes.filter((note) => note.kind === "refused" && (names(note, a) || names(note, b)));
  const between = involved.filter((note) => names(note, a) && names(note, b));
  const shared = sweepsOf(places[0]).find((sweep) => sweepsOf(places[1]).includes(sweep));
  // Gradients lie on the span of what they differentiate, so a refusal that names both says more than a common sweep.
  if (shared !== undefined && between.length === 0) return { kind: "fused", sweep: shared, places };
  const refused = between.length > 0 ? between : involved;
  return { kind: "apart", reason: reasonFor(a, b, places, refused), places, refused };
}

function reasonFor(
  a: string,
  b: string,
  [left, right]: readonly [readonly Place[], readonly Place[]],
  refused: readonly PassNote[],
): string {
  const [first] = refused;
  if (first !== undefined) return first.reason;
  for (const [name, places] of [
    [a, left],
    [b, right],
  ] as const)
    if (places.length === 0) return `\`${name}\` is not computed as such any more: it was rewritten, or nothing needs it`;
  const [p, q] = [sweepsOf(left), sweepsOf(right)];
  for (const [name, sweeps] of [
    [a, p],
    [b, q],
  ] as const)
    if (sweeps.length === 0) return `\`${name}\` has no paired axes: it is computed once, outside of the sweeps`;
  const [early, late] = Math.min(...p) <= Math.min(...q) ? [a, b] : [b, a];
  return `\`${late}\` needs a result that is whole only after the sweep that makes \`${early}\` (sweep ${Math.min(...p, ...q)}), so it waits for sweep ${Math.max(Math.min(...p), Math.min(...q))}`;
}

const isNumber = (body: Graph, { op, ins: [source] }: Node): boolean =>
  op === "const" || (op === "broadcast" && valuesOf(body).some((value) => value.id === source && value.op === "const"));
const sweepsOf = (places: readonly Place[]): readonly number[] => places.flatMap((place) => (place.kind === "sweep" ? [place.number] : []));
const same = (a: Span, b: Span): boolean => a.file === b.file && a.start === b.start && a.end === b.end;

function spansByName(program: LoweredProgram): ReadonlyMap<string, readonly Span[]> {
  const result = new Map<string, Span[]>();
  for (const node of valuesOf(program.graph)) {
    const name = node.op === "input" ? node.attrs.name : program.names.get(node.id);
    if (name !== undefined) result.set(name, [...(result.get(name) ?? []), node.span]);
  }
  return result;
}

function placesOf(graph: Graph, spans: readonly Span[]): readonly Place[] {
  const isIt = (node: GraphNode): boolean => spans.some((span) => same(span, node.span));
  const places: Place[] = [];
  let number = 0;
  for (const node of graph.nodes) {
    if (isTile(node)) {
      number++;
      const exits = new Set(node.outs.map((out) => out.value));
      // A block of an operand is read here, not made; and a number is wherever an equal one is.
      const own = valuesOf(node.body).filter((value) => value.op !== "arg" && isIt(value) && !isNumber(node.body, value));
      const [value] = own;
      if (value !== undefined)
        places.push({
          kind: "sweep",
          number,
          recomputed: own.some(({ id }) => node.recomputed.includes(id)),
          isExit: own.some(({ id }) => exits.has(id)),
          span: value.span,
        });
    } else if (node.op !== "project" && isIt(node)) places.push({ kind: "stored", span: node.span });
  }
  return places;
}
