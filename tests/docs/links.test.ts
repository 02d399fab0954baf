/** A page that names another page, a file or a heading that is not there sends its reader into the void. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { pages, root } from "./pages.js";

const anchors = new Map(pages.map(({ path, anchors }) => [path, anchors]));

function problem(page: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return target.startsWith("https://") ? null : "not https";
  const resolved = new URL(target, new URL(page, root));
  const path = decodeURIComponent(resolved.href.slice(root.href.length).replace(/#.*$/, "")) || page;
  if (!resolved.href.startsWith(root.href) || !existsSync(new URL(path, root))) return "no such file";
  const anchor = resolved.hash.slice(1);
  return anchor === "" || anchors.get(path)?.has(decodeURIComponent(anchor)) === true ? null : "no such heading";
}

describe.each(pages)("$path", ({ path, links }) => {
  test("links to what is there", () => {
    const broken = links.flatMap(({ line, target }) => {
      const what = problem(path, target);
      return what === null ? [] : [`${path}:${line}: ${target}: ${what}`];
    });
    expect(broken).toEqual([]);
  });
});

test("every page can be reached from the README", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached)
    for (const { target } of pages.find((page) => page.path === path)?.links ?? []) {
      const resolved = new URL(target, new URL(path, root)).href.replace(/#.*$/, "");
      if (resolved.startsWith(root.href) && resolved.endsWith(".md")) reached.add(resolved.slice(root.href.length));
    }
  expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test("every file that a page names in backticks is there", () => {
  const named = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(/`((?:grammar|compiler|runtime|pipelines|tests|docs)\/[\w./-]+)`/g)].map(([, file = ""]) => `${path}: ${file}`),
  );
  expect(named.filter((entry) => !existsSync(new URL(entry.replace(/^.*: /, ""), root)))).toEqual([]);
});

test("every npm script that a page names is there", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = pages.flatMap(({ path, prose }) => [...prose.matchAll(/npm run ([\w:-]+)/g)].map(([, script = ""]) => ({ path, script })));
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
});
