import { readFileSync, statSync } from "node:fs";
import { SourceFile } from "../../grammar/source-file.js";
import { reasonOf } from "../data/system-error.js";
import { userError } from "../user-error.js";
import { cliMessages } from "./messages.js";

/** bytes; the longest program in sight is a thousandth of it */
const LARGEST_SOURCE = 16 * 2 ** 20;

/** One `.sig` file from disk; `-` is stdin. `name` is what messages call it. */
export function readSource(path: string, name: string = path): SourceFile {
  return path === "-" ? new SourceFile("stdin", decode("stdin", readFileSync(0))) : new SourceFile(name, decode(path, readBytes(path)));
}

function readBytes(path: string): Buffer {
  try {
    // A file of unknown length (a pipe, a device) is read to its end; one of known length is refused before memory is taken.
    const { size } = statSync(path);
    if (size > LARGEST_SOURCE) throw userError(cliMessages.sourceTooLarge, { file: path, bytes: size, most: LARGEST_SOURCE });
    return readFileSync(path);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    throw userError(cliMessages.sourceUnreadable, { file: path, reason });
  }
}

function decode(file: string, bytes: Buffer): string {
  if (bytes.length > LARGEST_SOURCE) throw userError(cliMessages.sourceTooLarge, { file, bytes: bytes.length, most: LARGEST_SOURCE });
  try {
    // A byte order mark is dropped, as TextDecoder does by itself.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw userError(cliMessages.sourceNotText, { file });
  }
}
