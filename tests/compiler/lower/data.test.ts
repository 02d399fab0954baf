/** What the data and eval blocks come to, once they are right. */
import { describe, expect, test } from "vitest";
import { isRandom, printEntry } from "../../../compiler/lower/data-spec.js";
import { checkText } from "../../support/check-text.js";
import { lowerText } from "../../support/compile-text.js";

const program = (blocks: string, sets: Readonly<Record<string, string>> = {}) =>
  lowerText(
    `pipeline p {
  batch n
  config length: int = 16
  config tokenizer: string = "c4_en.json"
  input image : f32[n, 32, 32, 3]
  input tokens : i32[n, length]
  input label : i32[n]
  input weight : f32[n]
  input row : f32[n, 7]
  loss = mean(image) + sum(float(tokens)) + sum(float(label)) + sum(weight) + sum(row)
  ${blocks}
}`,
    sets,
  );

const printed = (spec: ReturnType<typeof program>["data"]) => Object.fromEntries(spec?.entries.map((e) => [e.input, printEntry(e)]) ?? []);

describe("the data block", () => {
  test("every transform, with its defaults spelt out, and config values as arguments", () => {
    const { data } = program(
      `data {
         image = column("jpg") | decode | resize(40) | affine(degrees: 11, shift: 6%) | random_crop(32, scale: (0.6, 1)) | flip
               | color_jitter(saturation: 0.2) | to_float(-1, 1) | normalize(0.5, (0.1, 0.2, 0.3))
         tokens = column("json.captions.en") | pick(random) | lower | tokenize(tokenizer, length, end: "</s>", pad: "</s>")
         label = column("cls") | to_int
         weight = column("json.weight") | number
         row = embeddings("tower.safetensors#img")
       }`,
      { length: "8", tokenizer: "mine.json" },
    );
    expect(printed(data)).toEqual({
      image:
        'column("jpg") | decode | resize(side: 40) | affine(degrees: 11, shift: 0.06, scale: [1,1])' +
        " | random_crop(side: 32, scale: [0.6,1], ratio: [0.75,1.3333333333333333]) | flip(chance: 0.5)" +
        " | color_jitter(brightness: 0, contrast: 0, saturation: 0.2) | to_float(low: -1, high: 1)" +
        " | normalize(mean: [0.5,0.5,0.5], std: [0.1,0.2,0.3])",
      tokens:
        'column("json.captions.en") | pick(which: "random") | lower' +
        ' | tokenize(length: 8, begin: null, end: "</s>", pad: "</s>", too_long: "cut")',
      label: 'column("cls") | to_int',
      weight: 'column("json.weight") | number',
      row: 'embeddings("img")',
    });
    const tokens = data?.entries.find(({ input }) => input === "tokens");
    expect(tokens?.transforms.at(-1)).toMatchObject({ kind: "tokenize", file: "mine.json", length: 8, pad: "</s>" });
    expect(data?.entries[0]?.transforms.map(isRandom)).toEqual([false, false, true, true, true, true, false, false]);
    expect(tokens?.transforms.map(isRandom)).toEqual([true, false, false]);
  });

  test("evaluation reads the data block's entries, save those that the eval block has", () => {
    const { data, evalData } = program(
      `eval { image = column("png") | decode | center_crop(32) | to_float }
       data { image = column("jpg") | decode | random_crop(32) | to_float
              label = column("cls") | to_int }`,
    );
    expect(Object.keys(printed(data))).toEqual(["image", "label"]);
    expect(printed(evalData)).toEqual({
      label: 'column("cls") | to_int',
      image: 'column("png") | decode | center_crop(side: 32) | to_float(low: 0, high: 1)',
    });
  });

  test("no blocks, or one of the two", () => {
    expect(program("")).toMatchObject({ data: null, evalData: null });
    const dataOnly = program('data { label = column("cls") | to_int }');
    expect(dataOnly.evalData).toEqual(dataOnly.data);
    const evalOnly = program('eval { label = column("cls") | to_int }');
    expect(evalOnly.data).toBeNull();
    expect(printed(evalOnly.evalData)).toEqual({ label: 'column("cls") | to_int' });
  });

  test("pictures of a size that only the data tell are left to the data", () => {
    expect(printed(program('data { image = column("png") | decode | to_float }').data)).toHaveProperty("image");
  });

  test("an entry is no use of its input: the loss is", () => {
    const { diagnostics } = checkText(
      'pipeline p { batch n\n input x : f32[n]\n input «y» : f32[n]\n loss = sum(x)\n data { y = column("y") | number } }',
    );
    expect(diagnostics.map(({ message }) => message)).toEqual(["The input `y` is never used."]);
  });

  test("mistakes in two entries are two, and a wrong input silences its entry", () => {
    const { diagnostics, marks } = checkText(
      `pipeline p { batch n
         input a : f32[n, «nowhere»]
         input b : i32[n]
         loss = sum(float(b))
         data { a = column("png") | decode | to_float
                b = column("cls") | «to_itn» }
         eval { b = column("cls") | «tokenize("t.json", length: 4)» } }`,
    );
    expect(diagnostics.filter((d) => d.severity === "error").map(({ span }) => span.start)).toEqual(marks.map(({ start }) => start));
  });
});
