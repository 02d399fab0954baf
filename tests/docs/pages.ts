/** The pages of the documentation, cut into the parts that tests read: fenced examples, headings, links. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = new URL("../../", import.meta.url);
export const rootPath = fileURLToPath(root);

/** ```` ```language info ````; `line` is that of the opening fence, from 1. */
export type Example = {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly info: string;
  readonly text: string;
};
export type Link = { readonly page: string; readonly line: number; readonly target: string };
export type Page = {
  readonly path: string;
  readonly examples: readonly Example[];
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
  /** All but the examples. */
  readonly prose: string;
};

const pagePaths = (): readonly string[] => [
  "README.md",
  ...readdirSync(new URL("docs/", root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .sort(),
];

/** As GitHub makes them: lower case, punctuation out, spaces to hyphens. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

function readPage(path: string): Page {
  const lines = readFileSync(new URL(path, root), "utf8").split("\n");
  const examples: Example[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  let prose = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const fence = /^```(\S*) ?(.*)$/.exec(line);
    if (fence === null) {
      prose += `${line}\n`;
      const heading = /^#{1,6} (.*)$/.exec(line);
      if (heading !== null) anchors.add(anchorOf(heading[1] ?? ""));
      for (const [, target = ""] of line.replaceAll(/`[^`]*`/g, "``").matchAll(/\]\(([^)\s]+)\)/g))
        links.push({ page: path, line: at + 1, target });
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${path}:${at + 1}: the fence is not closed`);
    examples.push({
      page: path,
      line: at + 1,
      language: fence[1] ?? "",
      info: fence[2] ?? "",
      text: `${lines.slice(at + 1, end).join("\n")}\n`,
    });
    at = end;
  }
  return { path, examples, links, anchors, prose };
}

export const pages: readonly Page[] = pagePaths().map(readPage);
export const examples: readonly Example[] = pages.flatMap((page) => page.examples);
