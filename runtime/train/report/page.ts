/** A training on one page: HTML that needs nothing beside itself, and asks no network for anything. */
import { type LinePlot, linePlot } from "../../plot/line-plot.js";
import { escapeMarkup } from "../../plot/svg.js";
import type { NormRow } from "./step-curves.js";

export type Page = {
  readonly title: string;
  /** How far the run has come, and how it ended. */
  readonly state: string;
  readonly plots: readonly LinePlot[];
  readonly norms: { readonly step: number; readonly rows: readonly NormRow[] } | null;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly sources: readonly { readonly name: string; readonly text: string }[];
};

const style = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1010px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
.state { margin: 0 0 1.5rem; opacity: 0.75; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 1rem; }
.plots svg { width: 100%; height: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.15rem 1.5rem 0.15rem 0; vertical-align: top; font-weight: normal; }
th { opacity: 0.75; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
pre { font: 13px/1.45 ui-monospace, monospace; padding: 0.75rem 1rem; border: 1px solid #7d859055; border-radius: 4px; overflow-x: auto; }
`;

export function reportPage({ title, state, plots, norms, settings, sources }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}: training</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeMarkup(title)}</h1>
<p class="state">${escapeMarkup(state)}</p>
<div class="plots">
${plots.map(linePlot).join("")}</div>
<p>Over steps. A line goes through the mean of the steps that one of its points stands for; the band reaches from the least of them to the greatest.</p>
<h2>Settings</h2>
${table([], settings)}
${norms === null ? "" : `<h2>Norms at step ${norms.step}</h2>\n${normTable(norms.rows)}\n`}<h2>Program</h2>
${sources.map(({ name, text }) => `<p>${escapeMarkup(name)}</p>\n<pre>${escapeMarkup(text)}</pre>`).join("\n")}
</body>
</html>
`;
}

const normTable = (rows: readonly NormRow[]): string =>
  table(
    ["parameter", "gradient", "update", "itself", "update / itself"],
    rows.map(({ path, gradient, update, parameter }) => [path, ...[gradient, update, parameter, update / parameter].map(short)]),
  );

const short = (value: number): string => (Number.isFinite(value) ? Number(value.toPrecision(4)).toString() : "–");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: (k: number) => "td" | "th"): string =>
    `<tr>${row.map((cell, k) => `<${tag(k)}>${escapeMarkup(cell)}</${tag(k)}>`).join("")}</tr>`;
  const headRow = head.length === 0 ? [] : [cells(head, () => "th")];
  return `<table>\n${[...headRow, ...rows.map((row) => cells(row, (k) => (k === 0 ? "th" : "td")))].join("\n")}\n</table>`;
}
