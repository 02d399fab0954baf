/** docs/diagnostics.md from the message tables themselves, so that the page cannot fall behind. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MessageSpec } from "../grammar/diagnostic.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What the thousands of a code stand for, in the order in which a program meets them. */
const chapters: Readonly<Record<string, string>> = {
  1: "Characters",
  2: "Syntax",
  3: "Meaning",
  4: "Gradients",
  5: "Plans and memory",
  6: "Data and checkpoints",
  7: "Command line, engines and training",
};

export type Row = MessageSpec & { readonly key: string; readonly table: string };

const isRow = (value: unknown): value is MessageSpec =>
  typeof value === "object" && value !== null && "code" in value && "template" in value;

/** Every row of every file that is called messages.ts. */
export async function messageRows(): Promise<readonly Row[]> {
  const tables = ["grammar", "compiler", "runtime"].flatMap((layer) =>
    readdirSync(join(root, layer), { recursive: true, encoding: "utf8" })
      .filter((file) => /(^|[\\/])messages\.ts$/.test(file))
      .map((file) => `${layer}/${file.replaceAll("\\", "/")}`)
      .sort(),
  );
  const rows: Row[] = [];
  for (const table of tables) {
    const exported = (await import(pathToFileURL(join(root, table)).href)) as Readonly<Record<string, object>>;
    for (const value of Object.values(exported))
      for (const [key, row] of Object.entries(value)) if (isRow(row)) rows.push({ ...row, key, table });
  }
  return rows;
}

/** `{name}` of a template becomes ‹name›; what would be markup is escaped. */
const prose = (template: string): string =>
  template
    .replace(/\{(\w+)\}/g, "‹$1›")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");

export function diagnosticsPage(rows: readonly Row[]): string {
  const codes = [...new Set(rows.map(({ code }) => code))].sort();
  const chapterOf = (code: string): string => chapters[code.charAt(3)] ?? "Other";
  const lines = [
    "# Diagnostics",
    "",
    "Every message that Sig can give, by its code. Codes are stable: one never comes to mean something else. Words in ‹angles› stand for what the message fills in.",
    "This page is generated from the message tables (`npm run generate:diagnostics`); edit those.",
  ];
  let chapter = "";
  for (const code of codes) {
    if (chapterOf(code) !== chapter) {
      chapter = chapterOf(code);
      lines.push("", `## ${chapter}`, "", "| code | | message | what to do |", "|---|---|---|---|");
    }
    for (const { severity, template, helps } of rows.filter((row) => row.code === code))
      lines.push(`| ${code} | ${severity} | ${prose(template)} | ${helps.map(prose).join("<br>")} |`);
  }
  return `${lines.join("\n")}\n`;
}
