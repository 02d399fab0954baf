/** Both towers, loss and every gradient held to PyTorch's: tests/fixtures/towers/make.py wrote what is expected, in float64. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../runtime/data/safetensors.js";
import { type HostArray, values } from "../../runtime/data/host-array.js";
import { createReferenceEngine } from "../../runtime/engines/reference/engine.js";
import { expectJson, scratchFolder, sigc } from "../runtime/cli/invoke.js";
import { expectClose, type Numbers, scalarError } from "../support/close.js";
import { compileText, readPipelineFile } from "../support/compile-text.js";
import { expectGradient } from "../support/finite-difference.js";
import { whyNoNative } from "../support/native-missing.js";
import { randomFrom } from "../support/random.js";
import { planFor, runOn } from "../support/run-engine.js";
import { templateInputs } from "../support/template-inputs.js";

const folder = scratchFolder();
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/towers/${name}.safetensors`, import.meta.url));
const numbers = (array: HostArray): Numbers & { readonly data: Float64Array } => ({
  shape: array.shape,
  data: Float64Array.from(values(array)),
});
const read = (path: string) => new Map([...readSafetensors(path)].map(([name, array]) => [name, numbers(array)]));

const sizes = { side: 16, patch: 4, vocab: 64, length: 8, heads: 3, width: 12, depth: 2, hidden: 30, text_width: 15, text_depth: 3 };
const models = [
  { format: "hf-siglip", pipeline: "siglip_towers", sets: { ...sizes, text_hidden: 20 } },
  { format: "hf-clip", pipeline: "clip_towers", sets: { ...sizes, text_hidden: 20, text_heads: 3, shared: 10, end: 50 } },
  { format: "open_clip-siglip", pipeline: "siglip_towers", sets: { ...sizes, text_hidden: 30, activation: "gelu" } },
] as const;

const noNative = await whyNoNative();
const engines = [
  { engine: "reference", precision: "f64", tolerance: 1e-9, missing: null },
  { engine: "native", precision: "f32", tolerance: 1e-4, missing: noNative },
] as const;

describe.each(models)("$format", ({ format, pipeline, sets }) => {
  const source = readPipelineFile(`${pipeline}.sig`)?.text ?? expect.fail(`${pipeline}.sig is missing`);
  // What a user does not need, and a comparison does.
  const program = folder.write(
    `${format}.sig`,
    source.replace(/\n {2}train \{/, "\n  output image_features, text_features, zi, zt, logits\n$&"),
  );
  const flags = Object.entries(sets).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const convert = async (way: "from" | "to", from: string, to: string): Promise<string> => {
    const { exit, out, err } = await sigc("convert", program, `--${way}`, format, from, "--out", folder.path(to), "--json", ...flags);
    expect([exit, err]).toEqual([0, ""]);
    expect(expectJson("convert", out)).toMatchObject({ pipeline, direction: way, format, diagnostics: [] });
    return folder.path(to);
  };
  const step = fixture(`${format}.step`);
  const expected = read(step);

  test.for(engines)("on $engine, $precision: vectors, logits, loss and gradients", { timeout: 240_000 }, async (on, { skip }) => {
    if (on.missing !== null) skip(on.missing);
    const weights = await convert("from", fixture(`${format}.weights`), `${format}.weights.safetensors`);
    const gradients = read(await convert("from", fixture(`${format}.gradients`), `${format}.gradients.safetensors`));
    const out = folder.path(`${format}.${on.engine}.safetensors`);
    const inputs = ["image", "tokens"].flatMap((name) => ["--input", `${name}=${step}#${name}`]);
    const how = ["--engine", on.engine, "--precision", on.precision, "--grad", "--params", weights, "--out", out];
    const { exit, err } = await sigc("run", program, ...flags, ...inputs, ...how);
    expect(exit, err).toBe(0);
    const found = read(out);

    const names = {
      image_features: "image_features",
      text_features: "text_features",
      zi: "image_embeds",
      zt: "text_embeds",
      logits: "logits",
    };
    for (const [ours, peer] of Object.entries(names)) expectClose(ours, found.get(ours), expected.get(peer), on.tolerance);
    const loss = expected.get("loss")?.data ?? [];
    expect(scalarError(found.get("loss")?.data[0] ?? Number.NaN, loss[0] ?? 0, loss)).toBeLessThan(on.tolerance);
    const largest = (name: string): number =>
      (gradients.get(name)?.data ?? new Float64Array()).reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    for (const [path, gradient] of gradients) {
      // A key's bias moves all scores of a row alike, which softmax does not see: its gradient is 0, as a sum of terms like the weight's.
      const floor = path.endsWith(".k.bias") ? largest(path.replace(/bias$/, "weight")) : 0;
      expectClose(path, found.get(`grad.${path}`), gradient, on.tolerance, floor);
    }
    const wrt = [...found.keys()].filter((name) => name.startsWith("grad.") && name !== "grad.image");
    expect(wrt.sort()).toEqual([...gradients.keys()].map((path) => `grad.${path}`).sort());
  });

  test("there and back gives the same bits", async () => {
    const ours = await convert("from", fixture(`${format}.weights`), `${format}.ours.safetensors`);
    const back = readSafetensors(await convert("to", ours, `${format}.back.safetensors`));
    const before = readSafetensors(fixture(`${format}.weights`));
    expect([...back.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [key, array] of before) expect(back.get(key), key).toEqual(array);
  });

  test("the gradients are the slope of the loss", async () => {
    const { template, program: lowered } = compileText(source, {
      sets: Object.fromEntries(Object.entries(sets).map(([name, value]) => [name, String(value)])),
    });
    const ours = read(await convert("from", fixture(`${format}.weights`), `${format}.slope.safetensors`));
    const inputs = new Map([...ours, ...["image", "tokens"].map((name) => [name, expected.get(name) ?? expect.fail(name)] as const)]);
    const wrt = [...lowered.params.map(({ path }) => path), "image"];
    expectGradient({ graph: template.graph, wrt, inputs, dims: { n: 5 }, seed: 7 });
  });
});

test("what does not fit is refused by name", async () => {
  const flags = (more: object) => Object.entries({ ...models[0].sets, ...more }).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const said = async (more: object, ...rest: readonly string[]): Promise<string> => {
    const { exit, err } = await sigc(
      "convert",
      "pipelines/siglip_towers.sig",
      "--out",
      folder.path("no.safetensors"),
      ...flags(more),
      ...rest,
    );
    expect(exit).not.toBe(0);
    return err;
  };
  const from = ["--from", "hf-siglip", fixture("hf-siglip.weights")];
  expect(await said({ depth: 3 }, ...from)).toMatch(/SIG6064.*has 2 layers "vision_model\.encoder\.layers".*has 3 in "img\.blocks"/);
  expect(await said({ vocab: 63 }, ...from)).toMatch(/SIG6067.*token_embedding\.weight" is \[64, 15\]; \[63, 15\] fits txt\.embed\.table/);
  expect(await said({}, ...from, "--part", "image=picture")).toMatch(/SIG6061.*"picture\.embed\.weight"/);
  expect(await said({}, ...from, "--part", "imag=img")).toMatch(/SIG6060/);
  expect(await said({}, "--from", "hf-clip", fixture("hf-clip.weights"))).toMatch(/SIG6061.*"img\.first\.token"/);
  expect(await said({}, "--from", "hf-siglip", fixture("open_clip-siglip.weights"))).toMatch(/SIG6065/);
  expect(await said({}, "--to", "hf-siglip", fixture("hf-siglip.weights"))).toMatch(/SIG6065.*"img\.embed\.weight"/);
  expect(await said({}, fixture("hf-siglip.weights"))).toMatch(/SIG7045/);
});

test("masked attention sees what it keeps, as if nothing else were there", async () => {
  const engine = createReferenceEngine();
  const text = `import { masked_attention } from "std/transformer.sig"
pipeline p {
  batch n
  input x: f32[n, 5, 6]
  encoder m = masked_attention(6, heads: 2)
  keep = zeros((n, 5)) + arange(5) < 3
  output masked = m(x, keep)[:, :3]
  output cut = m(x[:, :3], keep[:, :3])
}`;
  const { template } = compileText(text, { target: engine.target("f64"), gradients: false });
  const random = randomFrom(3);
  const found = await runOn(engine, template, planFor(template, { n: 4 }, null), templateInputs(template, 4, random.normal));
  expectClose("masked", found.get("masked"), found.get("cut"), 1e-12);
});
