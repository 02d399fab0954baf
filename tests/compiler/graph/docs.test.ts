/** docs/graph.md says what is there: its examples are read, and it lists every op, merge and stage. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type OpName, ops } from "../../../compiler/graph/op-table.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { verify } from "../../../compiler/graph/verify.js";

const page = readFileSync(new URL("../../../docs/graph.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```sigir (source|core|tiled)\n(.*?)```/gs)].map(([, stage = "", text = ""]) => ({ stage, text }));
/** The names in the first column of the tables under a heading. */
const listed = (heading: string): readonly string[] => {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`)).split("\n## ")[1] ?? "";
  return [...section.matchAll(/^\| ((?:`\w+` ?)+) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
  );
};

describe("docs/graph.md", () => {
  it("has examples", () => expect(examples.length).toBeGreaterThan(2));

  it.each(examples)("has an example of stage $stage that is read and legal", ({ stage, text }) => {
    const graph = parseGraph(text);
    if (stage === "source" || stage === "core" || stage === "tiled") verify(graph, stage);
    expect(parseGraph(printGraph(graph))).toEqual(graph);
  });

  it("shows text as the printer prints it, comments aside", () => {
    const printed = examples.filter(({ text }) => text.includes("%13") || text.includes("tile"));
    for (const { text } of printed) expect(printGraph(parseGraph(text), { spans: false })).toBe(text.replaceAll(/ *\/\/.*$/gm, ""));
  });

  it("lists each op once", () => expect([...listed("Operations")].sort()).toEqual((Object.keys(ops) as OpName[]).sort()));

  it("lists each merge once", () =>
    expect([...listed("Tiles")].sort()).toEqual(["argmax", "logsumexp", "max", "min", "none", "sum", "topk", "topk_index"]));

  it("lists each stage", () => expect(listed("Stages")).toEqual(["source", "core", "tiled"]));
});
