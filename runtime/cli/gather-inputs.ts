/** Everything that a run is fed: arrays from files, numbers from flags, first values of parameters, random draws. */
import type { Dims } from "../../compiler/bind.js";
import type { IndexBound } from "../../compiler/plan/plan.js";
import { parseArraySource, readArray } from "../data/column.js";
import type { HostArray } from "../data/host-array.js";
import { type Offer, solveBatchSizes } from "../feed/batch-sizes.js";
import { fitArray, type FitOptions } from "../feed/fit-array.js";
import { checkIndexBounds } from "../feed/index-bounds.js";
import { initialParameter } from "../feed/initial-parameters.js";
import { syntheticInput } from "../feed/synthetic-input.js";
import { userError } from "../user-error.js";
import type { LoadedProgram } from "./load-program.js";
import { cliMessages } from "./messages.js";
import { type Found, type ParameterFlags, readParameters } from "./read-parameters.js";
import { requireKnown } from "./require-known.js";

export type InputFlags = ParameterFlags & {
  /** NAME → FILE.npy or FILE.safetensors#KEY */
  readonly input?: ReadonlyMap<string, string>;
  readonly synthetic?: number;
  /** Of the first values of parameters. */
  readonly seed: number;
  readonly allowNonfinite?: true;
};

export type Gathered = {
  readonly dims: Dims;
  /** By input name and parameter path; after the program is compiled, since tables and draws depend on it. */
  readonly feed: (bounds: readonly IndexBound[]) => ReadonlyMap<string, HostArray>;
};

/** Reads and checks what the flags name. Throws a `UserError` that names the flag, the file and the declaration. */
export function gatherInputs({ program, batchSizes, placeOf }: LoadedProgram, flags: InputFlags, precision: "f32" | "f64"): Gathered {
  const inputs = flags.input ?? new Map<string, string>();
  requireKnown(
    "input",
    program.inputs.map(({ name }) => name),
    inputs.keys(),
    program.name,
  );
  const paramDecls = program.params.map((decl) => ({ ...decl, name: decl.path }));
  const given = readParameters(program, flags, placeOf);

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
