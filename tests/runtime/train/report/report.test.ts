/** `sigc train --report`. */
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { hostArray } from "../../../../runtime/data/host-array.js";
import { writeSafetensors } from "../../../../runtime/data/safetensors.js";
import { StepCurves } from "../../../../runtime/train/report/step-curves.js";
import { scratchFolder, sigc } from "../../cli/invoke.js";

const { path, write } = scratchFolder();
const text = `// <script>alert("from the program")</script> & more
pipeline pairs {
  batch n
  input x: f32[n, 6]
  input y: f32[n, 6]
  param t_prime: f32 = log(10)
  param bias: f32 = -3
  param w: f32[6] = 1
  logits[i, j] = exp(t_prime) * dot(l2_normalize(x[i] * w), l2_normalize(y[j])) + bias
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
  metric doubled = 2 * loss
  train {
    optimizer adamw(lr: 1e-2)
    schedule cosine(warmup: 10%)
    clip 1
    batch 4
    steps 20
  }
}
`;
const program = write("pairs.sig", text);
const data = path("data.safetensors");
const columns = ["--data", `x=${data}#x`, "--data", `y=${data}#y`];
const train = (out: string, ...flags: readonly string[]) =>
  sigc("train", program, ...columns, "--out", path(out), "--engine", "planref", "--report", ...flags);
const page = (out: string) => readFileSync(path(`${out}/report.html`), "utf8");
/** By title: the number of points of the longest line. */
const plots = (html: string) =>
  new Map(
    [...html.matchAll(/aria-label="([^"]*)"[^]*?<\/svg>/g)].map(([svg, title]) => [
      title,
      Math.max(0, ...[...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points?.split(" ").length ?? 0)),
    ]),
  );

beforeAll(() => {
  const column = (phase: number) =>
    hostArray(
      "f32",
      [16, 6],
      Float32Array.from({ length: 96 }, (_, i) => Math.sin(phase + i * i * 0.37)),
    );
  writeSafetensors(
    data,
    new Map([
      ["x", column(0)],
      ["y", column(1)],
    ]),
  );
});

test("one page with every curve, the settings and the program, which asks the network for nothing", async () => {
  expect((await train("whole", "--grad-stats", "5")).exit).toBe(0);
  const html = page("whole");
  expect([...plots(html).keys()]).toEqual([
    ...["loss", "learning rate", "exp(t_prime)", "bias", "doubled", "gradient norm", "update / parameter, norms"],
    ...["examples per second", "resident memory, MiB"],
  ]);
  expect(plots(html).get("loss")).toBe(20);
  expect(plots(html).get("update / parameter, norms")).toBe(4);
  expect(html).toContain("step 20 of 20; done");
  expect(html).toContain("<td>adamw(lr: 0.01, beta1: 0.9,");
  expect(html).toContain("<td>cosine(warmup: 10%, final: 0)</td>");
  expect(html).toContain("Norms at step 20");
  expect(html).toContain("&lt;script>alert(&quot;from the program&quot;)&lt;/script> &amp; more");
  expect(html).toContain("logits[i, j] = exp(t_prime)");
  expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
  // The one address is the name of SVG.
  expect(new Set(html.match(/https?:[^" ]*/g))).toEqual(new Set(["http://www.w3.org/2000/svg"]));
});

test("a run that goes on has the steps before in its curves; without --report there is no page", async () => {
  await sigc("train", program, ...columns, "--out", path("halves"), "--engine", "planref", "--until", "8");
  expect(existsSync(path("halves/report.html"))).toBe(false);
  expect((await train("halves", "--resume", "--until", "12")).exit).toBe(0);
  expect(page("halves")).toContain("step 12 of 20; stopped");
  expect(plots(page("halves")).get("loss")).toBe(12);
  const title = (html: string, name: string) =>
    /<text[^>]*text-anchor="end">([^<]*)<\/text>/.exec(html.slice(html.indexOf(`aria-label="${name}"`)))?.[1];
  await train("halves", "--resume");
  expect(plots(page("halves")).get("loss")).toBe(20);
  expect(title(page("halves"), "loss")).toBe(title(page("whole"), "loss"));
});

test("a run that ends by an error leaves a page that says so; a run that was refused leaves the page of another", async () => {
  const overflowing = write("overflowing.sig", text.replace("adamw(lr: 1e-2)", "sgd(lr: 1e308)").replace("    clip 1\n", ""));
  const { exit } = await sigc("train", overflowing, ...columns, "--out", path("over"), "--engine", "planref", "--report");
  expect(exit).toBe(3);
  expect(page("over")).toMatch(/step \d of 20; ended by an error: .* at step \d/);
  const before = page("whole");
  expect((await train("whole")).exit).toBe(2);
  expect(page("whole")).toBe(before);
});

test("lines that are no steps, and steps that hold no numbers, draw nothing", () => {
  const curves = new StepCurves({ steps: 10, clip: null, plannedPeakBytes: 1, exponents: new Set() });
  const odd = ["", "{", "null", "[]", "3", '{"kind":"step"}', '{"kind":"step","step":-1}', '{"kind":"step","step":1e300}'];
  for (const line of [...odd, '{"kind":"step","step":2,"loss":"NaN","lr":null,"parameters":[1],"metrics":"x","norms":{"w":3}}'])
    curves.read(line);
  expect(curves.plots.flatMap((plot) => plot.curves.flatMap(({ points }) => points))).toEqual([]);
});
