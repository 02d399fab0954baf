import { userError } from "../user-error.js";
import { sourceMessages } from "./messages.js";

/** Beyond this many names a range is a slip of the pen. */
const MOST_NAMES = 100_000;

/**
 * `name-{000..012}.tar` → the thirteen names, with as many digits as the first number has. Several ranges give all combinations, the last
 * running fastest. A name without a range is itself.
 */
export function expandRange(pattern: string): readonly string[] {
  const [head = "", ...rest] = pattern.split(/\{(\d+\.\.\d+)\}/);
  let names = [head];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const tail = rest[at + 1] ?? "";
    const numbers = range(pattern, rest[at] ?? "", names.length);
    names = names.flatMap((name) => numbers.map((number) => name + number + tail));
  }
  return names;
}

function range(pattern: string, text: string, times: number): readonly string[] {
  const [first = "", last = ""] = text.split("..");
  const count = Number(last) - Number(first) + 1;
  const fail = (reason: string) => userError(sourceMessages.badRange, { pattern, reason }, 2);
  if (!(count > 0)) throw fail(`the range ${text} runs backwards`);
  if (count * times > MOST_NAMES) throw fail(`it stands for more than ${MOST_NAMES} names`);
  return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
}
