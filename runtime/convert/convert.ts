/** Parameters of another library under a program's names, and back. Nothing is rounded: round trips give equal bits. */
import { isFloat, printType } from "../../compiler/graph/type.js";
import type { HostArray } from "../data/host-array.js";
import { listed, withSafetensors } from "../data/safetensors.js";
import { withTensors } from "../data/sharded-safetensors.js";
import { readWhole, type StoredArray, storedTypes } from "../data/stored-type.js";
import { userError } from "../user-error.js";
import { formats } from "./formats.js";
import type { Format } from "./format.js";
import { fromPeerLayout, joined, partOf, toPeerLayout } from "./layout.js";
import { convertMessages } from "./messages.js";
import { depthOf, type Pairing, type Piece } from "./pairing.js";

/** By parameter path; the file may be the index of several. Shapes are checked before any tensor is read. */
export function fromPeer(path: string, pairing: Pairing): ReadonlyMap<string, HostArray> {
  const { pairs, program, format } = pairing;
  const { buffers }: Format = formats[format];
  return withTensors(path, (tensors) => {
    for (const { peer, ours, depth } of pairing.layers) {
      const found = depthOf(peer, tensors.keys());
      if (found !== depth && found > 0)
        throw userError(convertMessages.depth, { file: path, found, peer, ours, wanted: depth, pipeline: program.name });
    }
    const expected = new Map(pairs.map(({ peer, peerShape: shape, pieces: [{ decl }] }) => [peer, { shape, decl }]));
    const whole = new Map([...tensors].filter(([key]) => !buffers.includes(key)));
    check(path, whole, expected, pairing, `${format} for ${program.name}`);
    return new Map(
      pairs.flatMap(({ peer, pieces }) => {
        const stored = tensors.get(peer);
        if (stored === undefined) throw new Error(`${peer} was there when it was checked`);
        const array = readWhole(stored);
        return pieces.map(({ decl, shape, layout }, k): [string, HostArray] => [
          decl.path,
          fromPeerLayout(partOf(array, k, pieces.length), layout, shape),
        ]);
      }),
    );
  });
}

/** By the peer's names; the file holds the program's parameters by path, as `--params` reads them. */
export function toPeer(path: string, pairing: Pairing): ReadonlyMap<string, HostArray> {
  const { pairs, program } = pairing;
  return withSafetensors(path, (file) => {
    const expected = new Map(pairs.flatMap(({ pieces }) => pieces.map((piece) => [piece.decl.path, piece])));
    check(path, file.tensors, expected, pairing, program.name);
    return new Map(
      pairs.map(({ peer, pieces }): [string, HostArray] => {
        const parts = pieces.map(({ decl, layout }) => toPeerLayout(file.read(decl.path), layout));
        const stranger = pieces.find((_, k) => parts[k]?.dtype !== parts[0]?.dtype);
        if (stranger !== undefined) throw userError(convertMessages.mixed, { file: path, key: stranger.decl.path, peer });
        return [peer, joined(parts)];
      }),
    );
  });
}

/** `decl`: the parameter that the tensor is, or begins with. */
type Expected = Pick<Piece, "shape" | "decl">;

/** Every tensor that is expected, no other, each a float of its shape. */
function check(
  path: string,
  tensors: ReadonlyMap<string, StoredArray>,
  expected: ReadonlyMap<string, Expected>,
  { placeOf }: Pairing,
  meant: string,
): void {
  for (const key of expected.keys())
    if (!tensors.has(key)) throw userError(convertMessages.missing, { file: path, key, meant, keys: listed(tensors.keys()) });
  for (const [key, { shape, type }] of tensors) {
    const wanted = expected.get(key);
    if (wanted === undefined) throw userError(convertMessages.leftOver, { file: path, key, meant });
    const { decl } = wanted;
    if (shape.join() !== wanted.shape.join())
      throw userError(convertMessages.shape, {
        file: path,
        key,
        found: shape.join(", "),
        wanted: wanted.shape.join(", "),
        path: decl.path,
        declared: printType(decl.type),
        place: placeOf(decl.span),
      });
    if (!isFloat(storedTypes[type].host)) throw userError(convertMessages.dtype, { file: path, key, dtype: type });
  }
}
