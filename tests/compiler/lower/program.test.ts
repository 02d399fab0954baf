/** What the front end hands on beside the graph: parameters and their paths, configuration, results, the train block. */
import { describe, expect, it } from "vitest";
import { resolveUri } from "../../../compiler/check/imports.js";
import { printGraph } from "../../../compiler/graph/print.js";
import { printType } from "../../../compiler/graph/type.js";
import { matchesPath } from "../../../compiler/lower/path-pattern.js";
import { checkText, pipelineOf } from "../../support/check-text.js";
import { lowerText } from "../../support/compile-text.js";

const tower = `import { linear, mlp, layer_norm, embedding } from "std/layers.sig"
module block(width: int)(x: f32[..., width]) -> f32[..., width] {
  layer norm = layer_norm(width)
  layer mlp = mlp(width, 2 * width)
  return x + mlp(norm(x))
}
module tower(width: int, depth: int = 2, pool: "mean" | "first" = "mean")(ids: i32[r, s]) -> f32[r, width] {
  layer embed = embedding(vocab: 11, width)
  param pos : f32[s, width] ~ normal(1 / sqrt(width))
  layer blocks = repeat(depth, block(width))
  layer head = linear(width, width) when pool == "first"
  h = blocks(embed(ids) + pos)
  return if pool == "first" then head(h[:, 0]) else mean(h, axis: 1)
}
`;
const pipeline = (members: string): string => `${tower}pipeline p {
  batch n
  config width: int = 4
  input ids : i32[n, 3]
  input other : i32[n, 3]
${members}
}`;

describe("modules", () => {
  it("give parameters stable paths, by name and by position in a repeat", () => {
    const { params } = lowerText(pipeline("encoder txt = tower(width)\n output out = txt(ids)"));
    expect(params.map(({ path, type, init }) => `${path} ${printType(type)} ${init.kind}`)).toEqual([
      "txt.pos f32[3, 4] normal",
      "txt.embed.table f32[11, 4] normal",
      "txt.blocks.0.norm.scale f32[4] constant",
      "txt.blocks.0.norm.shift f32[4] constant",
      "txt.blocks.0.mlp.up.weight f32[4, 8] truncated_normal",
      "txt.blocks.0.mlp.up.bias f32[8] constant",
      "txt.blocks.0.mlp.down.weight f32[8, 4] truncated_normal",
      "txt.blocks.0.mlp.down.bias f32[4] constant",
      "txt.blocks.1.norm.scale f32[4] constant",
      "txt.blocks.1.norm.shift f32[4] constant",
      "txt.blocks.1.mlp.up.weight f32[4, 8] truncated_normal",
      "txt.blocks.1.mlp.up.bias f32[8] constant",
      "txt.blocks.1.mlp.down.weight f32[8, 4] truncated_normal",
      "txt.blocks.1.mlp.down.bias f32[4] constant",
    ]);
  });

  it("share their parameters where one layer is applied twice, and only there", () => {
    const paths = (members: string) => lowerText(pipeline(members)).params.length;
    expect(paths("encoder e = tower(width)\n output out = e(ids) + e(other)")).toBe(14);
    expect(paths("encoder e = tower(width)\n encoder f = tower(width)\n output out = e(ids) + f(other)")).toBe(28);
  });

  it("leave out a layer whose `when` does not hold, with its parameters", () => {
    const has = (pool: string) =>
      lowerText(pipeline(`encoder e = tower(width, pool: "${pool}")\n output out = e(ids)`)).params.some(
        ({ path }) => path === "e.head.weight",
      );
    expect([has("mean"), has("first")]).toEqual([false, true]);
  });

  it("take a depth of 0 as the identity, not as a crash", () => {
    expect(lowerText(pipeline("encoder e = tower(width, depth: 0)\n output out = e(ids)")).params.map(({ path }) => path)).toEqual([
      "e.pos",
      "e.embed.table",
    ]);
  });

  it("may be as deep as one likes", () => {
    const text =
      "module one()(v: f32[k]) -> f32[k] { return v * 2 + 1 }\npipeline p { input x : f32[3]\n encoder e = repeat(9_000, one())\n loss = sum(e(x)) }";
    expect(lowerText(text).graph.nodes.length).toBeGreaterThan(18_000);
  });

  it("let another layer's parameter be used by its path", () => {
    const { graph } = lowerText(pipeline("encoder e = tower(width)\n output out = e(ids) @ e.pos.T"));
    expect(printGraph(graph, { spans: false }).match(/input "e\.pos"/g)).toHaveLength(1);
  });

  it("scale a random start by the fans of the shape", () => {
    const { params } = lowerText(
      "pipeline p { param w : f32[9, 16] ~ lecun_normal()\n param u : f32[2, 3] ~ xavier_uniform()\n loss = sum(w) + sum(u) }",
    );
    const [w, u] = params.map(({ init }) => init);
    // 1 / sqrt(fan in), divided by the deviation of a normal that is cut at ±2.
    expect(w).toEqual({ kind: "truncated_normal", std: 1 / 3 / 0.87962566103423978 });
    expect(u).toEqual({ kind: "uniform", low: -Math.sqrt(6 / 5), high: Math.sqrt(6 / 5) });
  });
});

describe("configuration", () => {
  const text = pipelineOf(
    'config depth: int = 3\n config rate: float = 0.5\n config on: bool = true\n config pool: "map" | "gap" = "map"\n output out = t * depth * rate',
  );
  const lower = (sets: Record<string, string>) => checkText(text, { sets }).lowered;

  it("comes from the file, or from --set with its type", () => {
    const { program } = lower({ width: "16", rate: "1e-2", on: "false", pool: "gap" });
    expect(program?.configs.map(({ name, value, origin }) => `${name} ${value} ${origin}`)).toEqual([
      "width 16 set",
      "depth 3 file",
      "rate 0.01 set",
      "on false set",
      "pool gap set",
    ]);
    expect(program?.inputs.map(({ type }) => printType(type))).toContain("f32[n, 16]");
  });

  it("gives batch sizes too", () => {
    expect([...lower({ n: "4_096", m: "7" }).batchSizes]).toEqual([
      ["n", 4096],
      ["m", 7],
    ]);
  });

  it("refuses what does not fit as a usage problem, with the nearest name", () => {
    expect(lower({ widht: "16" }).usage).toMatchObject([{ kind: "unknown-setting", name: "widht", meant: "width" }]);
    for (const [name, value] of Object.entries({ width: "2.5", depth: "x", rate: "", on: "1", pool: "top", n: "0", m: "-1" })) {
      const { usage, program } = lower({ [name]: value });
      expect(usage).toMatchObject([{ kind: "bad-setting", name, text: value }]);
      expect(program).toBeNull();
    }
    for (const value of ["1e400", "NaN", "Infinity", "0x10", "9007199254740993"]) expect(lower({ width: value }).usage).toHaveLength(1);
  });

  it("names the pipelines there are", () => {
    const two = "pipeline a { input x : f32\n loss = x }\npipeline b { input x : f32\n loss = x }";
    expect(checkText(two, { pipeline: "c" }).lowered.usage).toMatchObject([{ kind: "unknown-pipeline", known: ["a", "b"] }]);
    expect(checkText(two, { pipeline: "b" }).lowered.program?.name).toBe("b");
  });
});

describe("results", () => {
  it("come loss first, then in the order of the source, with names for the plan", () => {
    const program = lowerText(
      "pipeline p { batch n\n input x : f32[n, 3]\n output x\n metric size = mean(x)\n z = x * 2\n loss = sum(z) }",
    );
    expect(program.results.map(({ name, kind }) => `${kind} ${name}`)).toEqual(["loss loss", "output x", "metric size"]);
    expect(program.graph.outputs.map(({ name }) => name)).toEqual(["loss", "x", "size"]);
    expect([...program.names.values()]).toEqual(["x", "size", "z", "loss"]);
  });

  it("lower SigLIP to the graph that the paper writes, every node at its source", () => {
    const text = `pipeline p {
  batch n
  input x : f32[n, 3]
  input y : f32[n, 3]
  param t : f32 = 1
  logits[i, j] = exp(t) * dot(x[i], y[j])
  label[i, j] = where(i == j, 1, -1)
  loss = -sum[i, j](log_sigmoid(label[i, j] * logits[i, j])) / n
}`;
    const { graph } = lowerText(text);
    expect(printGraph(graph, { spans: false })).toMatchInlineSnapshot(`
      "%0 = input "x" : f32[n, 3]
      %1 = input "y" : f32[n, 3]
      %2 = input "t" {role = param} : f32[]
      %3 = exp %2 : f32[]
      %4 = dot %0, %1 {contract = [[1, 1]]} : f32[n, n]
      %5 = broadcast %3 : f32[n, n]
      %6 = mul %5, %4 : f32[n, n]
      %7 = iota : i32[n]
      %8 = iota : i32[n]
      %9 = broadcast %7 {axes = [0]} : i32[n, n]
      %10 = broadcast %8 {axes = [1]} : i32[n, n]
      %11 = eq %9, %10 : bool[n, n]
      %12 = const 1 : f32[]
      %13 = const -1 : f32[]
      %14 = broadcast %12 : f32[n, n]
      %15 = broadcast %13 : f32[n, n]
      %16 = select %11, %14, %15 : f32[n, n]
      %17 = mul %16, %6 : f32[n, n]
      %18 = log_sigmoid %17 : f32[n, n]
      %19 = sum %18 {axes = [0, 1]} : f32[]
      %20 = neg %19 : f32[]
      %21 = size n : f32[]
      %22 = div %20, %21 : f32[]
      output "loss" = %22
      "
    `);
    const source = graph.nodes.map(({ op, span }) => `${op} ${text.slice(span.start, span.end)}`);
    expect(source).toContain("dot dot(x[i], y[j])");
    expect(source).toContain("log_sigmoid log_sigmoid(label[i, j] * logits[i, j])");
  });
});

describe("the train block", () => {
  const train = (settings: string) => lowerText(pipelineOf(`param u : f32[4] = 0\n loss = sum(u) * t\n train { ${settings} }`)).train;

  it("fills in the defaults of the papers, and no decay", () => {
    expect(train("optimizer adamw(lr: 1e-3)")).toMatchObject({
      optimizer: { kind: "adamw", lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0 },
      schedule: { kind: "constant", warmup: { unit: "steps", value: 0 }, final: 1 },
      clip: null,
      ema: null,
      batch: null,
      steps: null,
      seed: 0,
      groups: [],
    });
    expect(train("optimizer lion(lr: 1e-4)")?.optimizer).toMatchObject({ beta1: 0.9, beta2: 0.99 });
    const usual = { momentum: 0.9, beta2: 0.999, power: 0.8, clipRms: null, factorFrom: 32, eps: 1e-30, decay: 0 };
    expect(train("optimizer adafactor(lr: 1e-3)")?.optimizer).toMatchObject(usual);
    expect(train("optimizer adafactor(lr: 1e-3, beta2: 0.95, clip_rms: 1)")?.optimizer).toMatchObject({
      ...usual,
      beta2: 0.95,
      clipRms: 1,
    });
    expect(train("optimizer sgd(lr: 0.1, momentum: 0.9, nesterov: true)")?.optimizer).toMatchObject({ momentum: 0.9, nesterov: true });
  });

  it("reads warm-up in steps, examples or a share of the run", () => {
    const warmup = (text: string) => train(`optimizer sgd(lr: 1)\n schedule cosine(warmup: ${text}, final: 0.1)`)?.schedule;
    expect(warmup("100")).toEqual({ kind: "cosine", warmup: { unit: "steps", value: 100 }, final: 0.1 });
    expect(warmup("steps(100)")?.warmup).toEqual({ unit: "steps", value: 100 });
    expect(warmup("examples(20_000)")?.warmup).toEqual({ unit: "examples", value: 20_000 });
    expect(warmup("5%")?.warmup).toEqual({ unit: "fraction", value: 0.05 });
  });

  it("keeps groups in order, with factors apart from absolute values", () => {
    const spec = train(
      'optimizer adamw(lr: 1, decay: 0.1, decay_mode: "coupled")\n clip 1.5\n ema 0.999\n batch 64\n steps 1_000\n seed 7\n for ** { lr: 0.1x }\n for u, t { lr: 1e-4, decay: 0, freeze: true }',
    );
    expect(spec).toMatchObject({ clip: 1.5, ema: 0.999, batch: 64, steps: 1000, seed: 7, optimizer: { decay: 0.1, decayMode: "coupled" } });
    expect(spec?.groups).toMatchObject([
      { patterns: ["**"], lr: { kind: "factor", value: 0.1 }, decay: null, freeze: false },
      { patterns: ["u", "t"], lr: { kind: "absolute", value: 1e-4 }, decay: { kind: "absolute", value: 0 }, freeze: true },
    ]);
  });

  it("matches paths by part", () => {
    const path = "img.blocks.3.attn.q.weight";
    const yes = ["img.**", "**", "img.blocks.*.attn.q.weight", "**.weight", "img.**.q.*", path];
    const no = ["img", "img.*", "txt.**", "*.weight", "img.blocks.**.bias", `${path}.x`];
    expect([...yes, ...no].filter((pattern) => matchesPath(pattern, path))).toEqual(yes);
  });
});

it("imports are found from the file that writes them", () => {
  expect(resolveUri("a/b/main.sig", "c.sig")).toBe("a/b/c.sig");
  expect(resolveUri("a/b/main.sig", "../c.sig")).toBe("a/c.sig");
  expect(resolveUri("main.sig", "./c.sig")).toBe("c.sig");
  expect(resolveUri("main.sig", "../c.sig")).toBe("../c.sig");
  expect(resolveUri("../x/main.sig", "../../c.sig")).toBe("../../c.sig");
  expect(resolveUri("/a/main.sig", "./c.sig")).toBe("/a/c.sig");
  expect(resolveUri("a/main.sig", "std/layers.sig")).toBe("std/layers.sig");
});
