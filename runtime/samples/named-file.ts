import { realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep, win32 } from "node:path";
import { RandomAccessFile } from "../data/random-access-file.js";
import { reasonOf } from "../data/system-error.js";
import { UserError } from "../user-error.js";
import { brokenSample } from "./broken-sample.js";
import { sampleMessages } from "./messages.js";
import { LARGEST_MEMBER } from "./sample.js";

/** Reads a file that a manifest names. It must lie in the manifest's folder, links included. Throws a `BrokenSample`. */
export function readNamedFile(folder: string, name: string, origin: string, column: string): Uint8Array {
  const leaves = (reason: string) => brokenSample(sampleMessages.leaves, { origin, column, name, reason });
  const cannotRead = (reason: string) => brokenSample(sampleMessages.cannotRead, { origin, column, name, reason });
  if (name === "" || name.includes("\0")) throw cannotRead("it is no name");
  if (isAbsolute(name) || win32.isAbsolute(name)) throw leaves("is an absolute name");
  const path = resolve(folder, name);
  if (!isInside(resolve(folder), path)) throw leaves("leaves the folder of the manifest");
  try {
    const real = realpathSync(path);
    if (!isInside(realpathSync(folder), real)) throw leaves("leads out of the folder of the manifest by a link");
    const file = RandomAccessFile.open(real);
    try {
      if (file.size > LARGEST_MEMBER)
        throw brokenSample(sampleMessages.memberTooLarge, { origin, member: name, bytes: file.size, limit: LARGEST_MEMBER });
      return file.bytes(0, file.size) ?? new Uint8Array(0);
    } finally {
      file.close();
    }
  } catch (error) {
    // A file that cannot be opened, or is a folder or pipe, costs this sample only.
    if (error instanceof UserError) throw cannotRead(error.message);
    const reason = reasonOf(error);
    if (reason === null) throw error;
    throw cannotRead(reason);
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
