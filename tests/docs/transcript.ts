/**
 * A `console` example: what a person types and what a terminal answers.
 *
 *   $ sigc check first.sig
 *   first.sig: first is right
 *
 * `…` in an answer stands for any text of its line, a line of its own for any lines. The lines of stderr come first, as the
 * tests hear the two streams apart.
 */

export type Exchange = { readonly command: string; readonly answer: readonly string[] };

/** Lines before the first `$` belong to no command. A command ends in `\` where it goes on. */
export function readTranscript(text: string): readonly Exchange[] {
  const exchanges: { command: string; answer: string[] }[] = [];
  let open = false;
  for (const line of text.trimEnd().split("\n")) {
    const last = exchanges.at(-1);
    if (open && last !== undefined) last.command += ` ${line.trim()}`;
    else if (line.startsWith("$ ")) exchanges.push({ command: line.slice(2), answer: [] });
    else if (last === undefined) throw new Error(`no command stands before: ${line}`);
    else last.answer.push(line);
    const current = exchanges.at(-1);
    open = current !== undefined && current.answer.length === 0 && current.command.endsWith("\\");
    if (open && current !== undefined) current.command = current.command.slice(0, -1).trimEnd();
  }
  return exchanges;
}

/** Words as a shell would cut them; a comment ends the command. No other syntax of a shell is understood, so none may be used. */
export function words(command: string): readonly string[] {
  const found: string[] = [];
  for (const [word, single, double] of command.matchAll(/'([^']*)'|"([^"]*)"|[^\s]+/g)) {
    if (word.startsWith("#")) break;
    if (/[|<>;&`*]/.test(word) && single === undefined && double === undefined) throw new Error(`${word} needs a shell: ${command}`);
    found.push(single ?? double ?? word);
  }
  return found;
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Does a line of the page stand for a line of the answer? Trailing spaces do not count. */
const fits = (shown: string, said: string): boolean =>
  shown.includes("…")
    ? new RegExp(`^${shown.trimEnd().split("…").map(escape).join(".*")}$`).test(said.trimEnd())
    : shown.trimEnd() === said.trimEnd();

/** The first line of the page that the answer does not bear out; null where all is as shown. */
export function firstDifference(shown: readonly string[], said: readonly string[]): string | null {
  let at = 0;
  let skipping = false;
  for (const line of shown) {
    if (line.trim() === "…") {
      skipping = true;
      continue;
    }
    const found = skipping
      ? said.findIndex((candidate, k) => k >= at && fits(line, candidate))
      : at < said.length && fits(line, said[at] ?? "")
        ? at
        : -1;
    if (found < 0) return line;
    at = found + 1;
    skipping = false;
  }
  return skipping || at === said.length ? null : `(the end; but it goes on: ${said[at]})`;
}
