/** What the eval block's tasks come to, and the programs that compute them. */
import { describe, expect, test } from "vitest";
import { printGraph } from "../../../compiler/graph/print.js";
import { verify } from "../../../compiler/graph/verify.js";
import { selectValues } from "../../../compiler/lower/select-values.js";
import { checkText } from "../../support/check-text.js";
import { lowerText } from "../../support/compile-text.js";

const program = (tasks: string) => `pipeline towers {
  batch n, m
  input image : f32[n, 6]
  input text : f32[m, 5]
  input image_id : i32[n]
  input text_id : i32[m]
  input mask : f32[m]
  param a : f32[6, 4] ~ normal(1)
  param b : f32[5, 4] ~ normal(1)
  param bias : f32 = -3
  zi = l2_normalize(image @ a)
  zt = l2_normalize(text @ b)
  per_row = zi / n
  loss = mean(zi @ zt.T + bias) + sum(mask)
  metric squared = loss * loss
  eval { ${tasks} }
}`;

describe("tasks", () => {
  test("name values and inputs, by position or by name", () => {
    const { evaluation } = lowerText(
      program(`task retrieval(zi, text: zt, image_id, text_id)
        task zero_shot(image: zi, text: zt, label: image_id, classes: "c.json", templates: "t.json")
        task retrieval(image, image)`),
    );
    const [zi, zt] = [
      { name: "zi", batch: "n", width: 4 },
      { name: "zt", batch: "m", width: 4 },
    ];
    const raw = { name: "image", batch: "n", width: 6 };
    expect(evaluation?.tasks.map(({ span: _, ...task }) => task)).toEqual([
      { kind: "retrieval", image: zi, text: zt, ids: { image: "image_id", text: "text_id" } },
      { kind: "zero_shot", image: zi, text: zt, label: "image_id", classes: "c.json", templates: "t.json" },
      { kind: "retrieval", image: raw, text: raw, ids: null },
    ]);
  });

  test("use what they name, so that an input for them alone is no leftover", () => {
    const unused = (tasks: string) => checkText(program(tasks)).diagnostics.map(({ message }) => message);
    expect(unused("")).toEqual([expect.stringMatching(/`image_id` is never used/), expect.stringMatching(/`text_id` is never used/)]);
    expect(unused("task retrieval(image: zi, text: zt, image_id: image_id, text_id: text_id)")).toEqual([]);
  });

  test("are a reason for a pipeline without a loss, and none for one without a task", () => {
    const bare = (block: string) => checkText(`pipeline p {\n batch n\n input x : f32[n, 4]\n ${block} }`).lowered.program;
    expect(bare("eval { task retrieval(image: x, text: x) }")?.evaluation?.tasks).toHaveLength(1);
    expect(bare("eval { }")).toBeNull();
  });
});

describe("selectValues", () => {
  const lowered = lowerText(program(""));
  const selected = (...names: readonly string[]) => {
    const one = selectValues(lowered, names);
    verify(one.graph, "source");
    return {
      batches: one.batches.map(({ id }) => id),
      inputs: one.inputs.map(({ name }) => name),
      params: one.params.map(({ path }) => path),
      results: one.results.map(({ name, kind }) => `${kind} ${name}`),
      outputs: one.graph.outputs.map(({ name }) => name),
    };
  };

  test("keeps one tower with its inputs and parameters, and no other", () => {
    expect(selected("zi")).toEqual({ batches: ["n"], inputs: ["image"], params: ["a"], results: ["output zi"], outputs: ["zi"] });
    expect(selected("zt")).toMatchObject({ batches: ["m"], inputs: ["text"], params: ["b"] });
    expect(printGraph(selectValues(lowered, ["zt"]).graph, { spans: false })).not.toMatch(/%\d+ = (sum|max)|loss|image/);
  });

  test("keeps both towers without the loss, inputs alone, and a batch that only its size is read of", () => {
    expect(selected("zi", "zt")).toMatchObject({
      batches: ["n", "m"],
      inputs: ["image", "text"],
      params: ["a", "b"],
      outputs: ["zi", "zt"],
    });
    expect(selected("text_id")).toMatchObject({ batches: ["m"], inputs: ["text_id"], params: [] });
    expect(selected("loss")).toMatchObject({ inputs: ["image", "text", "mask"], params: ["a", "b", "bias"] });
    expect(selected("squared")).toMatchObject({ outputs: ["squared"] });
  });

  test("a value that is not there is our own mistake", () => expect(() => selectValues(lowered, ["zz"])).toThrow(/no value zz/));
});
