/** Whether a value's rows can be computed in batches of any size. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileProgram } from "../../../compiler/compile.js";
import { selectValues } from "../../../compiler/lower/select-values.js";
import { rowsMeet } from "../../../compiler/passes/sweeps/rows-meet.js";
import { graphTarget, lowerText } from "../../support/compile-text.js";

/** The text at the place where rows meet; null where they do not. */
function meeting(text: string, value: string): string | null {
  const program = selectValues(lowerText(text), [value]);
  const { template } = compileProgram(program, { target: graphTarget, gradients: [] });
  if (template === null) throw new Error("it does not compile");
  const node = rowsMeet(template.graph);
  return node === null ? null : text.slice(node.span.start, node.span.end);
}

const shipped = (name: string): string => readFileSync(new URL(`../../../pipelines/${name}.sig`, import.meta.url), "utf8");
const pipeline = (definition: string): string =>
  `pipeline p {\n batch n\n input x : f32[n, 4]\n input w : f32[n]\n ${definition}\n loss = sum(z) + sum(w)\n}`;

describe("rows stand alone", () => {
  test.each([
    ["siglip_towers", "zi"],
    ["siglip_towers", "zt"],
    ["clip_towers", "zi"],
    ["clip_towers", "zt"],
    ["emoji-linear", "zi"],
    ["emoji-linear", "zt"],
    ["siglip", "image"],
  ])("in the towers of %s: %s", (name, value) => expect(meeting(shipped(name), value)).toBeNull());

  test.each(["z = l2_normalize(x) * w[:, None]", "z[i, k] = softmax[k](x[i, k]) * 2"])("%s", (definition) =>
    expect(meeting(pipeline(definition), "z")).toBeNull(),
  );
});

describe("rows meet", () => {
  test.each([
    ["a mean over the batch", "z = x - mean(x, axis: 0)"],
    ["the batch's size", "z = x / n"],
    ["a softmax along the batch", "z = softmax(x, axis: 0)"],
    ["attention between rows", "z = softmax(x @ x.T) @ x"],
    ["a row by its number", "z = x - x[0]"],
    ["a running sum", "z = cumsum(x, axis: 0)"],
  ])("through %s", (_, definition) => expect(meeting(pipeline(definition), "z")).not.toBeNull());
});
