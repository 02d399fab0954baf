/** Which tensors of another library are which parameters of a program. */
import { asNumber } from "../../compiler/graph/size.js";
import { printType } from "../../compiler/graph/type.js";
import type { LoweredProgram, ParamDecl } from "../../compiler/lower/program.js";
import { listed } from "../data/safetensors.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import type { Entry, Format, Part } from "./format.js";
import { formats, type FormatName } from "./formats.js";
import { type Layout, layoutOf, peerShape } from "./layout.js";
import { convertMessages } from "./messages.js";

export type Piece = { readonly decl: ParamDecl; readonly shape: readonly number[]; readonly layout: Layout };
/** One tensor of the peer: its pieces lie one behind the other along its first axis. */
export type Pair = { readonly peer: string; readonly peerShape: readonly number[]; readonly pieces: readonly [Piece, ...Piece[]] };
/** A row of layers: `vision_model.encoder.layers` is `img.blocks`. */
export type Layers = { readonly peer: string; readonly ours: string; readonly depth: number };
export type Pairing = {
  readonly format: FormatName;
  readonly program: LoweredProgram;
  readonly placeOf: PlaceOf;
  readonly pairs: readonly Pair[];
  readonly layers: readonly Layers[];
};

/** `names`: what the program calls a part, where it is not as usual. Throws where the program is no model of the format. */
export function pairUp(program: LoweredProgram, name: FormatName, names: ReadonlyMap<string, string>, placeOf: PlaceOf): Pairing {
  const format: Format = formats[name];
  const known = Object.keys(format.parts);
  for (const part of names.keys())
    if (!known.includes(part)) throw userError(convertMessages.noSuchPart, { format: name, part, known: known.join(", ") }, 2);
  const called = (ours: string): string =>
    ours.replace(/^\{(\w+)\}/, (_, part: string) => names.get(part) ?? format.parts[part as Part] ?? "");

  const byPath = new Map(program.params.map((decl) => [decl.path, decl]));
  const channels = channelsOf(program);
  const layers = new Map<string, Layers>();
  const pairs: Pair[] = [];
  const piece = (path: string, { peer, layout }: Entry): Piece => {
    const decl = byPath.get(path);
    if (decl === undefined)
      throw userError(convertMessages.noParameter, { pipeline: program.name, path, peer, format: name, known: listed(byPath.keys()) });
    const shape = decl.type.shape.map((size) => asNumber(size) ?? Number.NaN);
    const found = layoutOf(layout, shape, channels);
    if (found !== null) return { decl, shape, layout: found };
    throw userError(convertMessages.noLayout, {
      path,
      peer,
      format: name,
      channels,
      declared: printType(decl.type),
      place: placeOf(decl.span),
    });
  };
  const add = (entry: Entry): void => {
    const [first, ...rest] = entry.ours.map((path) => piece(path, entry));
    if (first === undefined) throw new Error(`${entry.peer} is made of nothing`);
    const [rows = 0, ...more] = peerShape(first.layout);
    const shape = rest.length === 0 ? peerShape(first.layout) : [rows * entry.ours.length, ...more];
    pairs.push({ peer: entry.peer, peerShape: shape, pieces: [first, ...rest] });
  };

  for (const { peer, layout, ours } of format.entries) {
    const paths = ours.map(called);
    const [row, tail] = (paths[0] ?? "").split(".*");
    if (row === undefined || tail === undefined) {
      add({ peer, layout, ours: paths });
      continue;
    }
    const depth = depthOf(row, byPath.keys());
    const [peerRow = ""] = peer.split(".*");
    layers.set(row, { peer: peerRow, ours: row, depth });
    const numbered = (text: string, k: number): string => text.replace("*", String(k));
    for (let k = 0; k < depth; k++) add({ peer: numbered(peer, k), layout, ours: paths.map((path) => numbered(path, k)) });
  }
  requireAll(program, name, pairs, placeOf);
  return { format: name, program, placeOf, pairs, layers: [...layers.values()] };
}

function requireAll(program: LoweredProgram, format: FormatName, pairs: readonly Pair[], placeOf: PlaceOf): void {
  const paired = new Set(pairs.flatMap(({ pieces }) => pieces.map(({ decl }) => decl.path)));
  for (const { path, span } of program.params)
    if (!paired.has(path)) throw userError(convertMessages.noCounterpart, { format, path, pipeline: program.name, place: placeOf(span) });
}

/** How many layers of a row there are: one more than the highest number behind its name. */
export function depthOf(row: string, paths: Iterable<string>): number {
  let depth = 0;
  for (const path of paths) {
    if (!path.startsWith(`${row}.`)) continue;
    const number = /^\d+/.exec(path.slice(row.length + 1));
    if (number !== null) depth = Math.max(depth, Number(number[0]) + 1);
  }
  return depth;
}

/** Of the pictures that the program takes: [batch, rows, columns, channels]; 3 where it takes none. */
function channelsOf(program: LoweredProgram): number {
  const picture = program.inputs.find(({ type }) => type.shape.length === 4);
  return asNumber(picture?.type.shape[3] ?? []) || 3;
}
