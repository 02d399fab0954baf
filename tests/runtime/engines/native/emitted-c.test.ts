/** The C that the native engine compiles, as files: a change of an emitter shows in them what it changes. */
import { expect, test } from "vitest";
import type { DType } from "../../../../compiler/graph/type.js";
import { bind } from "../../../../compiler/bind.js";
import type { Kernel } from "../../../../compiler/kernel/kernel.js";
import { kernelNotes } from "../../../../runtime/engines/native/emit/kernel-notes.js";
import { printKernels } from "../../../../runtime/engines/native/emit/library.js";
import { nativeTarget } from "../../../../runtime/engines/native/target.js";
import { compileText, readPipelineFile } from "../../../support/compile-text.js";

const golden = (name: string): string => new URL(`golden/${name}.c.txt`, import.meta.url).pathname;

test("the SigLIP step: maps, reductions, three contractions", async () => {
  const source = readPipelineFile("siglip.sig");
  if (source === null) throw new Error("siglip.sig is missing");
  const { template } = compileText(source.text, { target: nativeTarget("f32", 1) });
  expect(bind(template, { n: 64 }).plan).not.toBeNull();
  const notes = kernelNotes(template, ({ file, start }) => `${file}:${source.text.slice(0, start).split("\n").length}`);
  await expect(printKernels(template.kernels, notes)).toMatchFileSnapshot(golden("siglip"));
});

const operands = (...types: readonly (readonly [DType, number])[]): Kernel["operands"] => types.map(([dtype, rank]) => ({ dtype, rank }));

test("the k best of each column with their indices; forms that take whole arrays", async () => {
  const kernels: readonly Kernel[] = [
    {
      form: "reduce",
      dims: 2,
      operands: operands(["f32", 2], ["f32", 2], ["i32", 2]),
      scalars: [
        { kind: "load", operand: 0, access: [0, 1], dtype: "f32" },
        { kind: "index", dim: 0, dtype: "i32" },
      ],
      outs: [
        { operand: 1, access: [1], value: 0, merge: "topk", topk: { k: 3, axis: 0 }, by: null },
        { operand: 2, access: [1], value: 1, merge: "topk_index", topk: { k: 3, axis: 0 }, by: 0 },
      ],
    },
    { form: "gather", axis: 0, operands: operands(["f32", 2], ["i32", 1], ["f32", 2]) },
    { form: "scatter_add", axis: 0, operands: operands(["f32", 2], ["i32", 1], ["f32", 2]) },
    { form: "cumsum", axis: 1, reverse: true, operands: operands(["f32", 2], ["f32", 2]) },
    { form: "sort", axis: 0, operands: operands(["f32", 1], ["f32", 1]) },
  ];
  await expect(printKernels(kernels, [])).toMatchFileSnapshot(golden("forms"));
});
