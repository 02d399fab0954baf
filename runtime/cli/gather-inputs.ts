/** Everything that a run is fed: arrays from files, numbers from flags, first values of parameters, random draws. */
import type { Dims } from "../../compiler/bind.js";
import { printType } from "../../compiler/graph/type.js";
import type { InputDecl, ParamDecl } from "../../compiler/lower/program.js";
import type { IndexBound } from "../../compiler/plan/plan.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { parseArraySource, readArray } from "../data/column.js";
import { type HostArray, hostArray } from "../data/host-array.js";
import { listed, readSafetensors } from "../data/safetensors.js";
import { type Offer, solveBatchSizes } from "../feed/batch-sizes.js";
import { fitArray, type FitOptions } from "../feed/fit-array.js";
import { checkIndexBounds } from "../feed/index-bounds.js";
import { initialParameter } from "../feed/initial-parameters.js";
import { syntheticInput } from "../feed/synthetic-input.js";
import { userError } from "../user-error.js";
import type { LoadedProgram } from "./load-program.js";
import { cliMessages } from "./messages.js";

export type InputFlags = {
  /** NAME → FILE.npy or FILE.safetensors#KEY */
  readonly input?: ReadonlyMap<string, string>;
  readonly params?: string;
  /** NAME → number or file */
  readonly param?: ReadonlyMap<string, string>;
  readonly synthetic?: number;
  /** Of the first values of parameters. */
  readonly seed: number;
  readonly allowNonfinite?: true;
};

type Found = { readonly array: HostArray; readonly origin: string };

export type Gathered = {
  readonly dims: Dims;
  /** By input name and parameter path; after the program is compiled, since tables and draws depend on it. */
  readonly feed: (bounds: readonly IndexBound[]) => ReadonlyMap<string, HostArray>;
};

/** Reads and checks what the flags name. Throws a `UserError` that names the flag, the file and the declaration. */
export function gatherInputs({ program, batchSizes, placeOf }: LoadedProgram, flags: InputFlags, precision: "f32" | "f64"): Gathered {
  const inputs = named("input", program.inputs, flags.input ?? new Map(), program.name, ({ name }) => name);
  const paramDecls = program.params.map((decl) => ({ ...decl, name: decl.path }));
  const given = readParams(paramDecls, flags, program.name, placeOf);

  const missing = program.inputs.filter(({ name }) => !inputs.has(name));
  if (missing.length > 0 && flags.synthetic === undefined)
    throw userError(cliMessages.inputMissing, { names: missing.map(({ name }) => name).join(", ") }, 2);

  const found = new Map<string, Found>();
  for (const [name, text] of inputs) found.set(name, { array: readArray(parseArraySource(text)), origin: `--input ${name}=${text}` });
  for (const [path, param] of given) found.set(path, param);

  const decls = [...program.inputs, ...paramDecls];
  const offers = decls.flatMap((decl): readonly Offer[] => {
    const offered = found.get(decl.name);
    return offered === undefined ? [] : [{ decl, shape: offered.array.shape, origin: offered.origin }];
  });
  const dims = solveBatchSizes(
    program.batches.map(({ id }) => id),
    batchSizes,
    offers,
    placeOf,
  );

  const options: FitOptions = { precision, allowNonFinite: flags.allowNonfinite === true, placeOf };
  const feed = (bounds: readonly IndexBound[]): ReadonlyMap<string, HostArray> => {
    const arrays = new Map<string, HostArray>();
    for (const decl of decls) {
      const offered = found.get(decl.name);
      if (offered !== undefined) arrays.set(decl.name, fitArray(decl, offered.array, offered.origin, options));
    }
    checkIndexBounds(bounds, dims, arrays, (name) => found.get(name)?.origin ?? name, placeOf);
    for (const decl of missing) arrays.set(decl.name, syntheticInput(decl, flags.synthetic ?? 0, dims, bounds, precision));
    for (const decl of program.params) if (!arrays.has(decl.path)) arrays.set(decl.path, initialParameter(decl, flags.seed, precision));
    return arrays;
  };
  return { dims, feed };
}

/** Refuses a name that the program does not have. */
function named<D>(kind: string, decls: readonly D[], given: ReadonlyMap<string, string>, pipeline: string, nameOf: (decl: D) => string) {
  const known = decls.map(nameOf);
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    const nearest = didYouMean(name, known);
    const help = nearest !== null ? `did you mean ${nearest}?` : known.length === 0 ? `it has none` : `it has ${listed(known)}`;
    throw userError(cliMessages.inputUnknown, { flag: `--${kind}`, name, pipeline, kind: kind === "param" ? "parameter" : kind, help }, 2);
  }
  return given;
}

type NamedParam = ParamDecl & InputDecl;

function readParams(
  decls: readonly NamedParam[],
  flags: InputFlags,
  pipeline: string,
  placeOf: LoadedProgram["placeOf"],
): ReadonlyMap<string, Found> {
  const given = new Map<string, Found>();
  const single = named("param", decls, flags.param ?? new Map(), pipeline, ({ path }) => path);
  if (flags.params !== undefined) readParamsFile(flags.params, decls, new Set(single.keys()), pipeline, given);
  for (const [path, text] of single) {
    const decl = decls.find((candidate) => candidate.path === path);
    if (decl !== undefined) given.set(path, { array: paramValue(decl, text, placeOf), origin: `--param ${path}=${text}` });
  }
  return given;
}

function readParamsFile(
  file: string,
  decls: readonly NamedParam[],
  given: ReadonlySet<string>,
  pipeline: string,
  into: Map<string, Found>,
): void {
  const tensors = readSafetensors(file);
  const surplus = [...tensors.keys()].find((key) => !decls.some(({ path }) => path === key));
  if (surplus !== undefined)
    throw userError(cliMessages.paramUnusedKey, { file, key: surplus, pipeline, known: listed(decls.map(({ path }) => path)) });
  for (const { path } of decls) {
    const array = tensors.get(path);
    if (array !== undefined) into.set(path, { array, origin: `${file}#${path}` });
    else if (!given.has(path)) throw userError(cliMessages.paramMissingKey, { file, path, keys: listed(tensors.keys()) });
  }
}

/** A number is taken at the precision of float64; the engine's own storage rounds it, nothing else. */
function paramValue(decl: NamedParam, text: string, placeOf: LoadedProgram["placeOf"]): HostArray {
  if (text.endsWith(".npy") || text.includes(".safetensors")) return readArray(parseArraySource(text));
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  const value =
    infinite !== null ? (infinite[1] === "-" ? -Infinity : Infinity) : text === "" ? Number.NaN : Number(text.replaceAll("_", ""));
  if (Number.isNaN(value)) throw userError(cliMessages.number, { name: decl.path, text }, 2);
  if (decl.type.shape.length > 0)
    throw userError(cliMessages.paramNotScalar, { name: decl.path, text, declared: printType(decl.type), place: placeOf(decl.span) }, 2);
  return hostArray("f64", [], new Float64Array([value]));
}
