/** What the native engine has to work with, for a person to read: found or not, and then why and what to do. */
import { lstatSync } from "node:fs";
import { UserError } from "../../../user-error.js";
import { type Cache, cacheLimit, openCache } from "./cache.js";
import { type CacheUse, cacheUse, emptyCache } from "./cache-entries.js";
import { cachePlace, requireTrust } from "./cache-folder.js";
import { usableCores } from "./cores.js";
import { type Environment, findCompiler } from "./find-compiler.js";
import { findToolchain } from "./find-toolchain.js";
import type { Isa } from "./isa.js";

type Trouble = { readonly reason: string; readonly fix: string };

export type ToolchainSurvey = {
  readonly compiler: { readonly path: string; readonly version: string } | null;
  readonly isa: Isa | null;
  readonly cores: number;
  /** Null where both were found and work together. */
  readonly trouble: Trouble | null;
  readonly cache: CacheUse & { readonly folder: string; readonly limitBytes: number; readonly trouble: Trouble | null };
};

export async function surveyToolchain(environment: Environment = process.env): Promise<ToolchainSurvey> {
  const { folder } = cachePlace(environment);
  const [opened, cacheTrouble] = openOrTell(environment);
  const search = await findCompiler(environment);
  const { isa, trouble } = await findToolchain(opened, environment).then(
    (toolchain) => ({ isa: toolchain.isa, trouble: null }),
    (error: unknown) => ({ isa: null, trouble: troubleOf(error) }),
  );
  return {
    compiler: search.found ? { path: search.compiler.path, version: search.compiler.version } : null,
    isa,
    cores: usableCores(),
    trouble,
    cache: { folder, ...cacheUse(folder), limitBytes: cacheLimit(environment), trouble: cacheTrouble },
  };
}

function openOrTell(environment: Environment): readonly [Cache, Trouble | null] {
  try {
    const cache = openCache({ environment });
    const [note] = cache.notes;
    return [cache, note === undefined ? null : { reason: note, fix: "choose a folder that you can write to with SIG_CACHE_DIR" }];
  } catch (error) {
    return [openCache({ useCache: false }), troubleOf(error)];
  }
}

function troubleOf(error: unknown): Trouble {
  if (!(error instanceof UserError)) throw error;
  return { reason: error.message, fix: error.help.join("; ") };
}

/** Nothing is made and nothing but our own is removed; a folder that others can write to is left to its owner. */
export function cleanCache(environment: Environment = process.env): CacheUse & { readonly folder: string } {
  const { folder } = cachePlace(environment);
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return { folder, entries: 0, bytes: 0 };
  requireTrust(folder, status);
  return { folder, ...emptyCache(folder) };
}
