/** Where compiled libraries are kept, and whether code from there may be loaded into this process. */
import { accessSync, constants, lstatSync, mkdirSync, type Stats } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { makeFolders } from "../../../data/atomic-write.js";
import { reasonOf } from "../../../data/system-error.js";
import { userError } from "../../../user-error.js";
import { messages } from "../messages.js";
import type { Environment } from "./find-compiler.js";

/** `named`: by SIG_CACHE_DIR, so that nothing else will do. */
export type CachePlace = { readonly folder: string; readonly named: boolean };

export function cachePlace(environment: Environment = process.env, platform: string = process.platform): CachePlace {
  const named = environment["SIG_CACHE_DIR"] ?? "";
  if (named !== "") return { folder: resolve(named), named: true };
  // The XDG specification says that a relative path is to be ignored.
  const xdg = environment["XDG_CACHE_HOME"] ?? "";
  if (isAbsolute(xdg)) return { folder: join(xdg, "sig"), named: false };
  const home = environment["HOME"] ?? homedir();
  return { folder: join(home, ...(platform === "darwin" ? ["Library", "Caches"] : [".cache"]), "sig"), named: false };
}

export type OpenedFolder = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/**
 * Makes the folder, for this user alone. One that others own or can write to is an error, never a reason to go elsewhere in
 * silence: somebody may be trying. One that cannot be made or written is an error where it was named, and else `usable: false`.
 */
export function openCacheFolder({ folder, named }: CachePlace): OpenedFolder {
  try {
    makeFolders(dirname(folder));
    makePrivate(folder);
    requireTrust(folder, lstatSync(folder));
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return { usable: true };
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    if (named) throw userError(messages.cacheUnusable, { folder, reason });
    return { usable: false, reason };
  }
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Fails unless the folder, as `lstat` saw it, is one that only this user can change. */
export function requireTrust(folder: string, status: Stats): void {
  const refuse = (reason: string, fix: string): never => {
    throw userError(messages.cacheNotTrusted, { folder, reason, fix });
  };
  if (status.isSymbolicLink()) refuse("it is a symbolic link", `remove it: rm ${folder}`);
  if (!status.isDirectory()) refuse("it is no folder", `remove it: rm ${folder}`);
  const user = process.getuid?.() ?? status.uid;
  if (status.uid !== user) refuse(`it belongs to user ${status.uid} and not to you (${user})`, `remove it, or have it given to you`);
  if ((status.mode & 0o022) !== 0)
    refuse("others can write to it", `chmod 700 ${folder}, and sigc doctor --clean if you did not open it yourself`);
}
