/** The files of a program: each read once, its modules in a scope of its own. */
import type { Import, Program } from "../../grammar/ast.js";
import { didYouMean } from "../../grammar/did-you-mean.js";
import { parse } from "../../grammar/parse.js";
import type { SourceFile } from "../../grammar/source-file.js";
import { messages } from "./messages.js";
import { refuse, type Report } from "./refusal.js";
import { Scope } from "./scope.js";
import type { Region, Value } from "./value.js";

export type Read = (uri: string) => SourceFile | null;

/** The file that an import names: `std/…` as it stands, anything else from the folder of the importing file. */
export function resolveUri(from: string, uri: string): string {
  if (uri.startsWith("std/")) return uri;
  const folder = from.includes("/") ? from.slice(0, from.lastIndexOf("/") + 1) : "";
  const parts: string[] = [];
  for (const part of `${folder}${uri}`.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/");
}

type LoadedFile = { readonly program: Program; readonly scope: Region; readonly whole: boolean };

/** The names that a program's file sees: its modules and those it imports. */
export function fileScope(main: Program, read: Read, report: Report): Region {
  const loaded = new Map<string, LoadedFile>();
  const loading: string[] = [main.span.file];
  return open(main, true).scope;

  function open(program: Program, whole: boolean): LoadedFile {
    const scope = new Scope<Value>(null);
    for (const item of program.imports) report.attempt(() => bring(scope, item), undefined);
    for (const item of program.items)
      if (item.kind === "module") {
        const { name, span } = item.name;
        report.attempt(
          () => scope.define({ name, span, what: "a module", value: { kind: "module", decl: item, scope }, index: null }),
          undefined,
        );
      }
    return { program, scope, whole };
  }

  function bring(scope: Region, item: Import): void {
    const uri = resolveUri(item.span.file, item.from.value);
    const file = loaded.get(uri) ?? report.attempt(() => load(uri, item), null);
    for (const { name, span } of item.names)
      report.attempt(() => {
        const modules = (file?.program.items ?? []).flatMap((other) => (other.kind === "module" ? [other.name.name] : []));
        const found = modules.includes(name) ? (file?.scope.peek(name) ?? null) : null;
        if (found === null && file?.whole === true)
          refuse(messages.notInFile, span, { name, uri: item.from.value }, { meant: didYouMean(name, modules) });
        // A file that is missing or has mistakes has been reported; what it lacks silences its uses.
        scope.define({ name, span, what: "an import", value: found?.value ?? { kind: "error" }, index: null });
      }, undefined);
  }

  function load(uri: string, item: Import): LoadedFile {
    if (loading.includes(uri))
      refuse(messages.importCycle, item.from.span, { uri, chain: [...loading.slice(loading.indexOf(uri)), uri].join(" → ") });
    const source = read(uri);
    if (source === null) refuse(messages.noSuchFile, item.from.span, { uri: item.from.value });
    loading.push(uri);
    const { program, diagnostics } = parse(source);
    for (const diagnostic of diagnostics) report.add(diagnostic);
    const file = open(program, !diagnostics.some((d) => d.severity === "error"));
    loading.pop();
    loaded.set(uri, file);
    return file;
  }
}
