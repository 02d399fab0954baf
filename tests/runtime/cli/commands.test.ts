import { mkdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { hostArray } from "../../../runtime/data/host-array.js";
import { writeNpy } from "../../../runtime/data/npy.js";
import { readSafetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";
import { expectJson, schemaNames, scratchFolder, sigc } from "./invoke.js";

const folder = scratchFolder();

const siglip = `pipeline siglip {
  batch n
  config width: int = 5
  input image: f32[n, width]
  input text: f32[n, width]
  param t_prime: f32 = log(10)
  param bias: f32 = -10
  logits[i, j] = exp(t_prime) * dot(image[i], text[j]) + bias
  loss = -sum[i, j](log_sigmoid(where(i == j, 1, -1) * logits[i, j])) / n
  train {
    optimizer adamw(lr: 1e-3)
    batch 4
    steps 6
  }
}
`;
const good = folder.write("siglip.sig", siglip);
const bad = folder.write("bad.sig", siglip.replace("log(10)", "lgo(10)").replace("text[j]", "txet[j]").replace(") / n", ") / m"));
const lookup = folder.write(
  "lookup.sig",
  `pipeline lookup {
  batch n
  input ids: i32[n]
  param table: f32[7, 3] ~ normal(1)
  loss = sum[i](sum(table[ids[i]]))
}
`,
);
const random = (rows: number, columns: number, seed: number) =>
  hostArray(
    "f64",
    [rows, columns],
    Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + i * 1.7)),
  );
const image = folder.path("image.npy");
const text = folder.path("text.npy");
writeNpy(image, random(9, 5, 1));
writeNpy(text, random(9, 5, 2));
const pair = ["--input", `image=${image}`, "--input", `text=${text}`];

describe("check", () => {
  test("three independent mistakes give three diagnostics, in JSON and on stderr", async () => {
    const { exit, out, err } = await sigc("check", bad, "--json");
    const document = expectJson("check", out);
    expect([exit, document["valid"], document["errorCount"]]).toEqual([1, false, 3]);
    expect(err.match(/ error SIG\d{4}: /g)).toHaveLength(3);
  });

  test("a mistake of syntax hides neither of two mistakes of meaning, and brings no others", async () => {
    const broken = folder.write(
      "broken.sig",
      siglip.replace("param bias: f32", "param bias f32").replace("log(10)", "lgo(10)").replace("text[j]", "txet[j]"),
    );
    const document = expectJson("check", (await sigc("check", broken, "--json")).out);
    expect(document["errorCount"]).toBe(3);
  });

  test("several files, and stdout stays empty on error without --json", async () => {
    expect(await sigc("check", good)).toEqual({ exit: 0, out: `${good}: siglip is right\n`, err: "" });
    expect((await sigc("check", good, bad)).out).toBe("");
  });
});

describe("fmt", () => {
  test("prints, checks with a diff, and writes through a link", async () => {
    const untidy = folder.write("untidy.sig", siglip.replace("param bias: f32 =", "param   bias:f32="));
    const laidOut = (await sigc("fmt", untidy)).out;
    const checked = await sigc("fmt", "--check", untidy);
    expect([checked.exit, checked.out.match(/^[-+] /gm)?.length]).toEqual([1, 2]);
    const link = folder.path("link.sig");
    symlinkSync(untidy, link);
    expect((await sigc("fmt", "--write", link)).exit).toBe(0);
    expect(readlinkSync(link)).toBe(untidy);
    expect(readFileSync(untidy, "utf8")).toBe(laidOut);
    expect((await sigc("fmt", "--check", untidy)).exit).toBe(0);
    expectJson("fmt", (await sigc("fmt", untidy, "--json")).out);
  });

  test("a file with syntax errors keeps its bytes", async () => {
    const broken = folder.write("fmt-broken.sig", "pipeline p {\n  loss = (1\n");
    const { exit, out } = await sigc("fmt", "--write", broken, "--json");
    expect([exit, (expectJson("fmt", out)["files"] as { text: unknown }[])[0]?.text]).toEqual([1, null]);
    expect(readFileSync(broken, "utf8")).toBe("pipeline p {\n  loss = (1\n");
  });
});

describe("run", () => {
  test("writes the loss and every gradient; the loss in JSON is the one in the file, to the bit", async () => {
    const file = folder.path("out.safetensors");
    const { exit, out } = await sigc("run", good, ...pair, "--engine", "planref", "--grad", "--out", file, "--json");
    const document = expectJson("run", out);
    const tensors = readSafetensors(file);
    expect([exit, [...tensors.keys()].sort()]).toEqual([0, ["grad.bias", "grad.image", "grad.t_prime", "grad.text", "loss"]]);
    expect(document["outputs"]).toEqual({ loss: tensors.get("loss")?.data[0] });
    expect(document["dims"]).toEqual({ n: 9 });
  });

  test("equals mathematics that is written out here, in float64", async () => {
    const [x, y] = [random(9, 5, 1).data, random(9, 5, 2).data];
    let loss = 0;
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 9; j++) {
        let product = 0;
        for (let k = 0; k < 5; k++) product += (x[i * 5 + k] ?? 0) * (y[j * 5 + k] ?? 0);
        const z = (i === j ? 1 : -1) * (2.5 * product - 0.1);
        loss += Math.log1p(Math.exp(-Math.abs(z))) + Math.max(-z, 0);
      }
    const numbers = ["--param", `t_prime=${Math.log(2.5)}`, "--param", "bias=-0.1"];
    for (const engine of ["reference", "planref"]) {
      const { out } = await sigc("run", good, ...pair, ...numbers, "--engine", engine, "--json");
      const found = (expectJson("run", out)["outputs"] as { loss: number }).loss;
      expect(Math.abs(found - loss / 9) / (loss / 9)).toBeLessThan(1e-14);
    }
  });

  test("parameters come back exactly from a file of them", async () => {
    const params = folder.path("params.safetensors");
    const value = 0.1 + 2 ** -52;
    writeSafetensors(
      params,
      new Map([
        ["t_prime", hostArray("f64", [], new Float64Array([value]))],
        ["bias", hostArray("f64", [], new Float64Array([-1]))],
      ]),
    );
    const run = async (...flags: string[]) => (await sigc("run", good, ...pair, "--engine", "reference", "--json", ...flags)).out;
    const outputs = (json: string) => JSON.stringify(expectJson("run", json)["outputs"]);
    expect(outputs(await run("--params", params))).toBe(outputs(await run("--param", `t_prime=${value}`, "--param", "bias=-1")));
  });

  test("synthetic inputs depend on the seed alone and stay inside the table that they index", async () => {
    const run = async (seed: string) =>
      (await sigc("run", lookup, "--synthetic", seed, "--set", "n=50", "--engine", "reference", "--json")).out;
    const outputs = async (seed: string) => JSON.stringify(expectJson("run", await run(seed))["outputs"]);
    expect(await outputs("1")).toBe(await outputs("1"));
    expect(await outputs("1")).not.toBe(await outputs("2"));
  });

  test("a loss that is infinite is a string in JSON, where numbers have no infinity", async () => {
    const { out } = await sigc("run", good, ...pair, "--engine", "reference", "--json", "--param", "t_prime=1000");
    expect((expectJson("run", out)["outputs"] as { loss: unknown }).loss).toBe("Infinity");
  });
});

describe("plan", () => {
  test("a million rows store nothing that grows with their square; an output that does is named with its line", async () => {
    const lines = (await sigc("plan", good, "--set", "n=1048576", "--engine", "planref", "--json")).out;
    expect(expectJson("plan", lines)["largestDegree"]).toBe(1);
    const stored = folder.write("stored.sig", siglip.replace("  train {", "  output logits\n  train {"));
    const document = expectJson("plan", (await sigc("plan", stored, "--set", "n=4096", "--engine", "planref", "--json")).out);
    const square = (document["buffers"] as { name: string; degree: number; span: string }[]).filter(({ degree }) => degree >= 2);
    expect(square.map(({ name, span }) => [name, span])).toEqual([["logits", `${stored}:8`]]);
  });

  test("what an engine would refuse is planned all the same, and said", async () => {
    const large = ["plan", good, "--set", "n=100000000", "--set", "width=64", "--engine", "tfjs:wasm"];
    const document = expectJson("plan", (await sigc(...large, "--json")).out);
    expect([document["fits"], (document["peakBytes"] as number) > 2 ** 35]).toEqual([false, true]);
    expect((await sigc(...large)).out).toMatch(/^that is more than tfjs:wasm holds: /m);
  });

  test("with a budget it names the largest batch, which fits, while one more does not", async () => {
    const run = async (n: number) => sigc("plan", good, "--engine", "planref", "--grad", "--memory", "1MiB", "--set", `n=${n}`, "--json");
    const { n } = expectJson("plan", (await run(64)).out)["largestBatch"] as { n: number };
    expect((await run(n)).exit).toBe(0);
    const over = await run(n + 1);
    expect(over.exit).toBe(3);
    expect(over.err).toContain(`the largest batch that fits: --set n=${n}`);
    expectJson("failure", over.out);
  });

  test("without --set the train block's batch is meant, and the whole step can be planned", async () => {
    const document = expectJson("plan", (await sigc("plan", good, "--train", "--engine", "planref", "--json")).out);
    expect([document["dims"], document["work"]]).toEqual([{ n: 4 }, "step"]);
    expect((await sigc("plan", good, "--train", "--engine", "planref")).out).toContain("alive at the peak");
  });
});

describe("ir", () => {
  test("every stage parses back to the same text and the same loss and gradients", async () => {
    const document = expectJson("ir", (await sigc("ir", good, "--grad", "--all", "--json")).out);
    const stages = document["stages"] as { pass: string; text: string }[];
    expect(stages.length).toBeGreaterThan(10);
    const value = (rows: number, columns: number, seed: number) => ({ shape: [rows, columns], data: random(rows, columns, seed).data });
    const scalar = (number: number) => ({ shape: [], data: new Float64Array([number]) });
    const inputs = new Map([
      ["image", value(9, 5, 1)],
      ["text", value(9, 5, 2)],
      ["t_prime", scalar(0.3)],
      ["bias", scalar(-0.2)],
    ]);
    const results = stages.map(({ pass, text: printed }) => {
      const graph = parseGraph(printed);
      expect(printGraph(graph), pass).toBe(printed);
      return evaluateGraph(graph, inputs, { n: 9 });
    });
    for (const [name, last] of results.at(-1) ?? [])
      for (const result of results)
        result
          .get(name)
          ?.data.forEach((number, i) => expect(Math.abs(number - (last.data[i] ?? 0))).toBeLessThan(1e-12 * (1 + Math.abs(number))));
  });

  test("--only-changed shows diffs and one line for a pass that did nothing", async () => {
    const { out } = await sigc("ir", good, "--grad", "--only-changed");
    expect(out).toMatch(/^\/\/ [\w-]+: no change$/m);
    expect(out).toContain("--- source\n+++ ");
    expectJson("ir", (await sigc("ir", good, "--only-changed", "--json")).out);
  });

  test("--emit c prints the native engine's kernels, with the lines that they come from", async () => {
    const { exit, out } = await sigc("ir", good, "--grad", "--emit", "c");
    expect(exit).toBe(0);
    expect(out).toMatch(/^\/\* k\d+: contract, .*:\d+/m);
    expect(out).toContain("static void k");
    expectJson("ir", (await sigc("ir", good, "--emit", "c", "--json")).out);
    expect((await sigc("ir", good, "--emit", "c", "--all")).exit).toBe(2);
  });

  test("--after takes any pass by its name", async () => {
    expect((await sigc("ir", good, "--after", "source", "--no-spans")).out).toContain('%0 = input "image" : f32[n, 5]\n');
    const wrong = await sigc("ir", good, "--after", "canonicalize");
    expect([wrong.exit, wrong.err]).toEqual([2, 'error SIG7002: there is no pass "canonicalize".\nhelp: did you mean "canonicalise"?\n']);
  });
});

describe("explain", () => {
  test("lists sweeps, and says of two definitions whether they are made in one", async () => {
    expect((expectJson("explain", (await sigc("explain", good, "--grad", "--json")).out)["sweeps"] as unknown[]).length).toBe(1);
    const why = expectJson("explain", (await sigc("explain", good, "--why-not-fused", "logits", "loss", "--json")).out)["whyNotFused"];
    expect(why).toMatchObject({ fused: false });
    expect((await sigc("explain", good, "--why-not-fused", "logits")).exit).toBe(2);
    expect((await sigc("explain", good, "--grad")).out).toContain("1 sweep over pairs");
  });
});

test("doctor proves every engine that is there, and names a fix for each that is not", async () => {
  const { exit, out } = await sigc("doctor", "--json");
  const document = expectJson("doctor", out);
  expect([exit, document["ok"]]).toEqual([0, true]);
  const engines = document["engines"] as { name: string; available: boolean; proven: boolean; fix: string | null }[];
  for (const { name, available, proven, fix } of engines) expect(available ? proven : (fix ?? "") !== "", name).toBe(true);
});

test("init writes a program that checks, and never over something", async () => {
  const place = folder.path("fresh");
  mkdirSync(place);
  expectJson("init", (await sigc("init", place, "--json")).out);
  expect((await sigc("check", `${place}/two-towers.sig`)).exit).toBe(0);
  expect((await sigc("init", place)).exit).toBe(2);
});

test("every schema belongs to a command whose documents are checked: here, and in the tests of bench, train, convert, eval, embed and query", () => {
  expect([...schemaNames].sort()).toEqual([
    "bench",
    "check",
    "common",
    "convert",
    "doctor",
    "embed",
    "eval",
    "explain",
    "failure",
    "fmt",
    "init",
    "ir",
    "plan",
    "query",
    "run",
    "train",
  ]);
});
