/** Parameters from a file of all of them, and from flags that name one. */
import { printType } from "../../compiler/graph/type.js";
import type { LoweredProgram, ParamDecl } from "../../compiler/lower/program.js";
import { parseArraySource, readArray } from "../data/column.js";
import { type HostArray, hostArray } from "../data/host-array.js";
import { listed, readSafetensors } from "../data/safetensors.js";
import type { PlaceOf } from "../feed/place.js";
import { userError } from "../user-error.js";
import { cliMessages } from "./messages.js";
import { requireKnown } from "./require-known.js";

export type ParameterFlags = {
  /** FILE.safetensors that holds every parameter by its path */
  readonly params?: string;
  /** NAME → number or file */
  readonly param?: ReadonlyMap<string, string>;
};

/** `origin`: the flag or the place in a file, for messages. */
export type Found = { readonly array: HostArray; readonly origin: string };

/** By path; a parameter that nothing gives is left out. */
export function readParameters(program: LoweredProgram, flags: ParameterFlags, placeOf: PlaceOf): ReadonlyMap<string, Found> {
  const single = flags.param ?? new Map<string, string>();
  requireKnown(
    "parameter",
    program.params.map(({ path }) => path),
    single.keys(),
    program.name,
  );
  const found = new Map<string, Found>();
  if (flags.params !== undefined)
    for (const [path, value] of requireFitting(flags.params, readSafetensors(flags.params), program, new Set(single.keys())))
      found.set(path, value);
  for (const decl of program.params) {
    const text = single.get(decl.path);
    if (text !== undefined) found.set(decl.path, { array: readValue(decl, text, placeOf), origin: `--param ${decl.path}=${text}` });
  }
  return found;
}

/** Every parameter but those that are given otherwise, and nothing else. */
export function requireFitting(
  file: string,
  tensors: ReadonlyMap<string, HostArray>,
  { name, params }: LoweredProgram,
  given: ReadonlySet<string>,
): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  const surplus = [...tensors.keys()].find((key) => !params.some(({ path }) => path === key));
  if (surplus !== undefined)
    throw userError(cliMessages.paramUnusedKey, { file, key: surplus, pipeline: name, known: listed(params.map(({ path }) => path)) });
  for (const { path } of params) {
    const array = tensors.get(path);
    if (array !== undefined) found.set(path, { array, origin: `${file}#${path}` });
    else if (!given.has(path)) throw userError(cliMessages.paramMissingKey, { file, path, keys: listed(tensors.keys()) });
  }
  return found;
}

/** A number is taken at the precision of float64; the engine's own storage rounds it, nothing else. */
function readValue(decl: ParamDecl, text: string, placeOf: PlaceOf): HostArray {
  if (text.endsWith(".npy") || text.includes(".safetensors")) return readArray(parseArraySource(text));
  const value = parseNumber(text);
  if (value === null) throw userError(cliMessages.number, { name: decl.path, text }, 2);
  if (decl.type.shape.length > 0)
    throw userError(cliMessages.paramNotScalar, { name: decl.path, text, declared: printType(decl.type), place: placeOf(decl.span) }, 2);
  return hostArray("f64", [], new Float64Array([value]));
}

/** As the language writes numbers: `1e-3`, `20_000`, `-inf`. */
function parseNumber(text: string): number | null {
  const infinite = /^([+-]?)inf$/.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text.replaceAll("_", "")) : null;
}
