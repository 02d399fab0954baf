import { expect, test } from "vitest";
import { bind } from "../../../compiler/bind.js";
import { createPlanrefEngine } from "../../../runtime/engines/planref/engine.js";
import { compileText, graphTarget } from "../../support/compile-text.js";

const program = `import { mlp } from "std/layers.sig"

pipeline p {
  batch n
  input x: f32[n, 8]
  encoder first = mlp(8, 32)
  encoder second = mlp(8, 32)
  out = l2_normalize(second(first(x)))
  loss = mean(out[:, 0] * out[:, 0])
}`;

const targets = { kernel: createPlanrefEngine().target("f64"), op: { ...graphTarget, granularity: "op" } } as const;

function namesIn(granularity: keyof typeof targets): readonly string[] {
  const { plan } = bind(compileText(program, { target: targets[granularity] }).template, { n: 5 });
  return plan?.buffers.map(({ name }) => name) ?? [];
}

test.each(["kernel", "op"] as const)("a %s plan calls a value by the application of the module that made it", (granularity) => {
  const names = namesIn(granularity);
  expect(names).toEqual(expect.arrayContaining(["x", "first.a", "second.a", "loss", "grad.first.up.weight", "grad.second.up.weight"]));
  expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^back\.first\./u), expect.stringMatching(/^back\.second\./u)]));
});

test("what is made on the way to a value has the value's name before its op", () => {
  expect(namesIn("op")).toEqual(expect.arrayContaining(["out", "out/sqrt", "first.a/erf"]));
  expect(namesIn("op").filter((name) => name === "out")).toHaveLength(1);
});

test("the same lines of a module, and the values of each of its applications", () => {
  const { template } = compileText(program, { target: targets.kernel });
  const from = (name: string): readonly string[] => [
    ...new Set(template.graph.nodes.flatMap(({ span }) => (span.name === name ? [`${span.file}:${span.start}`] : []))),
  ];
  expect(from("first.a")).toEqual([expect.stringContaining("std/layers.sig:")]);
  expect(from("second.a")).toEqual(from("first.a"));
});
