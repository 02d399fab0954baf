/** Every mistake that checking can find: its row, its place, and the second place that explains it. */
import { describe, expect, it } from "vitest";
import { messages } from "../../../compiler/check/messages.js";
import { type CheckOptions, checkText, pipelineOf } from "../../support/check-text.js";

type Row = keyof typeof messages;
type Case = {
  readonly row: Row;
  readonly text: string;
  /** Words of the message or of a related place that must appear. */
  readonly says?: readonly string[];
  readonly options?: CheckOptions;
};

/** A case inside the pipeline of `pipelineOf`. */
const inside = (row: Row, members: string, says: readonly string[] = [], modules = ""): Case => ({
  row,
  text: pipelineOf(members, modules),
  says,
});
const whole = (row: Row, text: string, says: readonly string[] = [], options: CheckOptions = {}): Case => ({ row, text, says, options });

/** An entry of an input of 32×32 pictures. */
const data = (row: Row, pipe: string, says: readonly string[] = []): Case =>
  inside(row, `input picture : f32[n, 32, 32, 3]\n data { picture = ${pipe} }`, says);

/** A task over embeddings of n pictures and m texts. */
const task = (row: Row, text: string, says: readonly string[] = []): Case =>
  whole(
    row,
    `pipeline tasks {
  batch n, m
  input zi : f32[n, 8]
  input zt : f32[m, 8]
  input narrow : f32[m, 6]
  input image_id : i32[n]
  input text_id : i32[m]
  logits = zi @ zt.T
  loss = mean(logits)
  eval { task ${text} }
}`,
    says,
  );

const LINEAR = 'import { linear } from "std/layers.sig"\n';

const cases: readonly Case[] = [
  inside("unknownName", "a = «widht» + 1", ["did you mean `width`?"]),
  inside("unknownName", "input q : f32[«nn»]", ["did you mean `n`?"]),
  inside("usedBefore", "a = «later» + 1\n later = 2", ["`later` is defined here"]),
  inside("definedTwice", "«x» = 2", ["an input", "`x` is defined here first"]),
  inside("definedTwice", "loss = sum(x0)\n«loss» = sum(w)", ["defined here first"]),
  whole("noSuchFile", `import { a } from «"./nowhere.sig"»\n${pipelineOf("")}`),
  whole("notInFile", `import { «linaer» } from "std/layers.sig"\n${pipelineOf("")}`, ["did you mean `linear`?"]),
  whole("importCycle", `import { a } from "a.sig"\n${pipelineOf("")}`, ["a.sig → main.sig"], {
    files: { "a.sig": 'import { b } from "main.sig"\nmodule a()(x: f32) -> f32 { return x }' },
  }),
  whole("noPipeline", "«m»odule a()(x: f32) -> f32 { return x }"),
  whole("whichPipeline", "pipeline a { input x : f32\n loss = x }\npipeline «b» { input x : f32\n loss = x }", ["a, b"]),
  whole("unusedInput", "pipeline a { input x : f32\n input «y» : f32\n loss = x }"),
  whole("unusedParam", "pipeline a { input x : f32\n param «y» : f32 = 0\n loss = x }"),
  whole("batchOfNoInput", "pipeline a { batch «n»\n input x : f32\n loss = x + sum(eye(n)) }", ["--set n="]),

  inside("notCompileTime", "a = reshape(x, «w»)"),
  inside("notCompileTime", "a = sum(x, axis: «n»)"),
  inside("ifOnData", "a = if «w[0] > 0» then 1 else 2", ["bool", "where(condition, a, b)"]),
  inside("wrongKind", "config a: int = «2.5»", ["its type is given here"]),
  inside("wrongKind", "config a: bool = «3»"),
  inside("notAWholeNumber", "a = x0[«0.5»]"),
  inside("notAWholeNumber", "param p : f32[«width / 3»] = 0"),
  inside("outOfBounds", "param p : f32[«0»] = 0"),
  inside("outOfBounds", "param p : f32[4, 4] ~ normal(«0»)"),
  inside("noSuchChoice", 'config a: "map" | "gap" = «"mpa"»', ["did you mean `map`?"]),
  inside("factorOutsideGroup", "a = «0.1x» * t"),
  inside("notANumber", "a = «log(-1)»"),
  inside("notANumber", "a = «inf - inf»"),

  inside("unknownDType", "input q : «f33»", ["did you mean `f32`?"]),
  inside("sizesDiffer", "a = «x + z»", ["n comes from input `x`", "m comes from input `z`"]),
  inside("sizesDiffer", "a = «y @ z.T»", ["8 is not 9", "8 comes from input `y`", "9 comes from input `z`"]),
  inside("sizesDiffer", "a[i, j] = «dot(x[i], z[j])»", ["8 comes from input `x`", "9 comes from input `z`"]),
  inside("sizesDiffer", "a = diag(«x @ y.T»)", ["n rows", "m columns"]),
  inside("sizesDiffer", "a = concat([y, «z»])", ["8 comes from", "9 comes from"]),
  inside("ranksDiffer", "a = concat([x, «w»])"),
  inside(
    "kernelTooLarge",
    "param k : f32[3, 5, 1, 2] ~ normal(1)\na = «conv2d(reshape(w, (n, 1, 1, 1)) + reshape(w, (n, 1, 1, 1)), k, padding: (1, 0), dilation: 2)»",
    ["5 by 9", "3 by 1", "same"],
  ),
  inside("needsAxes", "a = conv2d(reshape(w, (n, 1, 1, 1)), «w»)", ["[rows, columns, channels / groups, results]"]),
  inside("outOfBounds", "a = dropout(x, «1»)", ["below 1"]),
  inside("outOfBounds", "a = keep_random(x, axis: 1, count: «9»)", ["from 1 to 8"]),
  inside("notCompileTime", "a = keep_random(«x», axis: 0, count: 2)"),
  inside("needsAxes", "a = keep_random(«sum(x)», axis: 0, count: 2)", ["an array"]),
  inside("needsAxes", "a = conv2d(«w», y)", ["[..., rows, columns, channels]"]),
  inside("outOfBounds", "param k : f32[1, 1, 1, 2] ~ normal(1)\na = conv2d(reshape(w, (n, 1, 1, 1)), k, groups: «2»)", [
    "1 channels and of 2 results",
  ]),
  inside("outOfBounds", "param k : f32[1, 1, 1, 2] ~ normal(1)\na = conv2d(reshape(w, (n, 1, 1, 1)), k, stride: (1, «0»))", ["from 1"]),
  inside("sizesDiffer", "param k : f32[1, 1, 2, 2] ~ normal(1)\na = «conv2d(reshape(w, (n, 1, 1, 1)), k)»", ["1 is not 2"]),
  inside("notCompileTime", "param k : f32[1, 1, 1, 2] ~ normal(1)\na = conv2d(«reshape(w, (1, n, 1, 1))», k)"),
  inside("vectorMeetsPair", "a = sum(«w * (x @ y.T)»)", ["`w` is f32[n]", "`w[:, None]`", "`w[None, :]`"]),
  inside("vectorMeetsPair", "a = sum(«(x @ x.T) * w»)", ["`w` is f32[n]"]),
  inside("vectorMeetsPair", "a = «maximum(x @ x.T, x0)»"),
  inside("boolInArithmetic", "a = «(w > 0)» * 2", ["where(w > 0, 1, 0)"]),
  inside("boolInArithmetic", "a = sum(«w > 0»)"),
  inside("needsBool", "a = where(«w», 1, 2)"),
  inside("needsBool", "a = «w» and w > 0"),
  inside("needsTensor", 'a = exp(«"word"»)'),
  inside("noSuchAxis", "a = sum(x, axis: «2»)"),
  inside("needsAxes", "a = sum(«x[0, 0]»)"),
  inside("needsAxes", "a = cube.«T»"),
  inside("needsAxes", "a = x @ «t»"),
  inside("needsInteger", "a = x[«w»]"),
  inside("inexactReshape", "a = «reshape(x, (4, n))»", ["n comes from input `x`"]),
  inside("badPattern", 'a = rearrange(x, «"a b c -> c"»)'),
  inside("badPattern", 'a = rearrange(x, «"... c -> c"»)', ["stands on both sides or on none"]),
  inside("badPattern", 'a = rearrange(x, «"a (b c) -> a c b"», b: 3)', ["b does not divide 8"]),
  inside("comparesKinds", "a = «w == (w > 0)»"),
  inside("reducesOne", "a = max(w, «x0»)", ["`maximum(a, b)`"]),
  inside("reducesOne", "a = min(t, «0»)", ["`minimum(a, b)`"]),
  inside("emptyList", "a = concat(«[]»)"),

  inside("twoRanges", "a = sum[i](x[i] * y[«i»])", ["n comes from input `x`", "m comes from input `y`"]),
  inside(
    "twoRanges",
    "lab[i, j] = where(i == j, 1, -1)\n a = sum[i, j](lab[i, j] * dot(x[i], y[j]))\n b = sum[i, j](lab[i, j] * dot(x[i], x[«j»]))",
  ),
  inside("rangeUnknown", "a[«i»] = i + 1"),
  inside("indexUnused", "a[i, «j»] = w[i]"),
  inside("indexUnused", "a = sum[i, «j»](w[i])"),
  inside("indexTwice", "a[i, «i»] = w[i]"),
  inside("indexShadows", "a[«n»] = w[n]", ["a batch", "`n` is defined here"]),
  inside("indexShadows", "a[i] = sum[«i»](w[i])", ["an index"]),
  inside("indexUnbound", "a = w[«i»]"),
  inside("alongUnbound", "a = softmax[«j»](w)"),
  inside("tooManyIndices", "a = «x[0, 0, 0]»", ["`x` is defined here"]),
  inside("oneIndex", "a = «argmax»[i, j](dot(x[i], y[j]))"),
  inside("cannotIndex", "a = «width»[0]"),
  inside("wholeMeetsElement", "a = sum[i, j](«w * dot(x[i], y[j])»)", ["`w` is f32[n]", "write `w[i]`"]),
  inside("wholeMeetsElement", "a = sum[i, j](«w * dot(x[i], x[j])»)", ["`w[i]` or `w[j]`"]),
  inside("indexOutside", "a = x[0, «8»]"),
  inside("indexOutside", "a = cube[0, «2:9»]"),

  inside("notCallable", "a = «x»(1)"),
  inside("unknownFunction", "a = «lgo»(x)", ["did you mean `log`?"]),
  inside("unknownFunction", "a = «clamp»(x, 0, 1)", ["write `clip(x, low, high)`"]),
  inside("unknownArgument", "a = sum(x, «axes»: 1)", ["did you mean `axis`?"]),
  inside("missingArgument", "a = «l2_normalize()»"),
  inside("tooManyArguments", "a = exp(x, «y»)"),
  inside("argumentTwice", "a = l2_normalize(x, «x»: y)"),
  inside("positionalAfterNamed", "a = l2_normalize(x: x, «1 + 1»)"),
  inside("notALayer", "encoder e = «x»"),
  inside("notALayer", "encoder e = repeat(2, «x»)"),
  inside(
    "layerLeftOut",
    "encoder e = only(false)\n a = e(t)",
    ["the condition"],
    `module inner()(v: f32) -> f32 { return v }
module only(on: bool)(v: f32) -> f32 {
  layer l = inner() when on
  return «l»(v)
}
`,
  ),
  inside("layerUnnamed", "a = «linear(8, 4)(x)»", [], LINEAR),
  inside(
    "moduleInItself",
    "encoder e = a()\n b = e(t)",
    ["a → a"],
    "module a()(v: f32) -> f32 {\n layer inner = a()\n return «inner(v)» }\n",
  ),
  inside("wrongInput", "encoder e = linear(width, 4)\n a = e(«z»)", ["8 comes from config `width`", "9 comes from input `z`"], LINEAR),
  inside("wrongInput", "encoder e = linear(width, 4)\n a = e(«ids»)", ["f32[..., in]"], LINEAR),
  inside(
    "wrongReturn",
    "encoder e = a(4)\n b = e(x)",
    ["8 comes from input `x`"],
    "module a(k: int)(v: f32[r, c]) -> f32[r, k] {\n return «v» }\n",
  ),
  inside(
    "sharedDiffers",
    "encoder e = a()\n b = e(x)\n c = e(z)",
    ["f32[8]", "f32[9]"],
    "module a()(v: f32[r, c]) -> f32[r, c] {\n param p : «f32[c]» = 0\n return v + p }\n",
  ),
  inside("noConstructor", "a = linear(«x»)", ["layer x = linear(in, out, init = lecun_normal())"], LINEAR),
  inside("noSuchMember", "a = x.«Q»"),
  inside("noReducer", "a = «exp»[i](w[i])"),
  inside("notAValue", "a = «exp» + 1"),
  inside("needsInput", "encoder e = repeat(2, «a()»)", [], "module a()() -> f32 {\n return 1 }\n"),
  inside(
    "tooManyLayers",
    "encoder e = outer()\n a = e(t)",
    [],
    `module one()(v: f32) -> f32 { return v + 1 }
module inner()(v: f32) -> f32 {
  layer l = repeat(9999, one())
  return «l(v)»
}
module outer()(v: f32) -> f32 {
  layer l = repeat(9999, inner())
  return l(v)
}
`,
  ),
  inside("repeatTwice", "encoder e = repeat(2, «repeat(2, linear(8, 8))»)", [], LINEAR),

  inside("paramWithoutStart", "«param p : f32»"),
  inside("randomNeedsInitialiser", "param p : f32 ~ «3»"),
  inside("constantNeedsNumber", "param p : f32 = «normal(1)»"),
  inside("fansNeedMatrix", "param p : f32[4] ~ «lecun_normal()»"),
  inside("paramGrows", "param p : «f32[n]» = 0"),
  inside("paramNotFloat", "param p : «i32» = 0"),
  whole("noLoss", "pipeline «a» { input x : f32 }"),
  inside("lossNotScalar", "loss = «x»"),
  inside("lossNotScalar", "metric a = «w»"),
  inside("resultTwice", "loss = sum(x)\n output x\n output «x»", ["here first"]),
  inside("ellipsisInInput", "input q : f32[«...», 3]"),

  inside("trainTwice", "train { optimizer sgd(lr: 1) }\n «train { optimizer sgd(lr: 1) }»"),
  whole("trainWithoutLoss", "pipeline a { input x : f32\n output x\n «train { optimizer sgd(lr: 1) }» }"),
  inside("trainWithoutOptimizer", "«train» { seed 1 }"),
  inside("unknownSetting", "train { optimizer sgd(lr: 1)\n «optmizer» sgd(lr: 1) }", ["did you mean `optimizer`?"]),
  inside("unknownSetting", "train { optimizer sgd(lr: 1)\n for t { «decya»: 0 } }", ["did you mean `decay`?"]),
  inside("settingTwice", "train { optimizer sgd(lr: 1)\n «optimizer» sgd(lr: 1) }"),
  inside("unknownMethod", "train { optimizer «adamww»(lr: 1) }", ["did you mean `adamw`?"]),
  inside("outOfBounds", "train { optimizer sgd(lr: 1)\n ema «1» }", ["at least 0 and below 1"]),
  inside("outOfBounds", "train { optimizer adafactor(lr: 1, clip_rms: «0») }", ["above 0"]),
  inside("outOfBounds", "train { optimizer adafactor(lr: 1, factor_from: «1.5») }", ["a whole number"]),
  inside("outOfBounds", "train { optimizer adafactor(lr: 1, eps: «1e-38») }", ["at least 1e-36"]),
  inside("decayModeMissing", "train { optimizer adamw(lr: 1, decay: «0.1») }"),
  inside("decayModeMissing", "train { optimizer adamw(lr: 1)\n for t { decay: «0.1» } }"),
  inside("matchesNothing", "train { optimizer sgd(lr: 1)\n for «tt» { freeze: true } }", ["the parameters are `t`"]),
  inside("methodNeedsCall", "train { optimizer «1» }"),

  inside("blockTwice", 'data { ids = column("cls") | to_int }\n «data { w = column("w") | number }»', ["the first one"]),
  inside("blockTwice", 'eval { ids = column("cls") | to_int }\n «eval { w = column("w") | number }»', ["the first one"]),
  inside("entryOfNoInput", 'data { «idz» = column("w") | number }', ["did you mean `ids`?", "the inputs are `x0`"]),
  inside("entryOfNoInput", 'data { «t» = column("w") | number }'),
  inside("entryTwice", 'data { w = column("a") | number\n «w» = column("b") | number }', ["here first"]),
  inside("noSource", "data { w = «decode» | number }", ['column("jpg")']),
  inside("noSource", 'data { w = «colum("a")» | number }', ["did you mean `column`?"]),
  data("unknownTransform", 'column("png") | decode | «rezise»(32) | to_float', ["did you mean `resize`?", "`center_crop`"]),
  data("unknownTransform", 'column("png") | decode | «3» | to_float'),
  data("transformOrder", 'column("png") | decode | resize(32) | to_float(-1, 1) | «flip(0.5)»', [
    "`flip` takes a picture; `to_float` gives floats.",
    "move `flip` before `to_float`",
    "this gives floats",
  ]),
  data("transformOrder", 'column("png") | «resize(32)» | to_float(-1, 1)', [
    "`column` gives a column as it is stored",
    "put `decode` between them",
  ]),
  data("transformOrder", 'column("png") | decode | resize(32) | «normalize(0.5, 0.5)»', ["put `to_float` between them"]),
  data("transformOrder", 'column("txt") | pick(first) | «pick(random)»', ["`pick` gives text", "leave one of the two out"]),
  data("transformOrder", 'column("txt") | tokenize("t.json", length: 4) | «decode»', ["move `decode` before `tokenize`"]),
  data("entryUnfinished", 'column("png") | «decode»', ["gives a picture", "`to_float(-1, 1)`", "declared f32[n, 32, 32, 3] here"]),
  data("entryUnfinished", '«column("png")»', ["to_int"]),
  inside("entryNeedsRows", 'data { t0 = column("a") | «number» }\n input t0 : f32', ["`t0` is f32", "--data t0=FILE"]),
  inside("entryNeedsRows", 'data { pairs = column("a") | «number» }\n input pairs : f32[n, m]'),
  data("entryShape", 'column("png") | decode | resize(48) | «to_float(-1, 1)»', ["gives f32[n, 48, 48, 3]", "f32[n, 32, 32, 3]"]),
  data("entryShape", 'column("png") | decode | resize(48) | to_float | «normalize(0.5, (0.2, 0.2, 0.2))»', ["gives f32[n, 48, 48, 3]"]),
  inside("entryShape", 'data { ids = column("txt") | «tokenize("t.json", length: 16)» }', ["gives i32[n, 16]", "declared i32[n] here"]),
  inside("entryShape", 'data { w = column("cls") | «to_int» }', ["gives i32[n]", "the input is f32[n]"]),
  data("outOfBounds", 'column("png") | decode | resize(«0») | to_float'),
  data("outOfBounds", 'column("png") | decode | random_crop(32, scale: «(1, 0.5)») | to_float', ["at least its beginning, 1"]),
  data("outOfBounds", 'column("png") | decode | flip(«2») | to_float'),
  data("wrongKind", 'column("png") | decode | random_crop(32, scale: «0.5») | to_float', ["2 numbers in brackets"]),
  data("wrongKind", "column(«3») | decode | to_float", ["a string"]),
  data("wrongKind", 'embeddings(«"rows.bin"»)', ["FILE.safetensors#KEY"]),
  data("noSuchChoice", 'column("txt") | pick(«randm»)', ["did you mean `random`?"]),
  data("notCompileTime", 'column("png") | decode | resize(«n») | to_float'),

  task("unknownMethod", "«retrieve»(image: zi, text: zt)", ["did you mean `retrieval`?", "`zero_shot(…)`"]),
  task("methodNeedsCall", '«"retrieval"»'),
  task("missingArgument", "«retrieval(image: zi)»", ["text"]),
  task("unknownArgument", "retrieval(image: zi, text: zt, «image_ids»: image_id)", ["did you mean `image_id`?"]),
  task("unknownName", "retrieval(image: «z1», text: zt)", ["did you mean `zi`?"]),
  task("taskNeedsName", "retrieval(image: «2 * zi», text: zt)", ["`image: zi`"]),
  task("taskNeedsName", "retrieval(image: «n», text: zt)", ["the size n"]),
  task("taskNeedsRows", "retrieval(image: «logits», text: zt)", ["`logits` is f32[n, m]", "defined here"]),
  task("taskNeedsRows", "retrieval(image: zi, text: «text_id»)", ["i32[m]"]),
  task("taskWidths", "retrieval(image: zi, text: «narrow»)", ["`zi` has 8, `narrow` has 6", "8 comes from input `zi`", "input `narrow`"]),
  task("taskNumbers", "retrieval(image: zi, text: zt, image_id: «zi», text_id: text_id)", ["f32[n, 8]", "image_id: i32[n]"]),
  task("taskNumbers", "retrieval(image: zi, text: zt, image_id: image_id, text_id: «image_id»)", ["text_id: i32[m]"]),
  task("taskNumbers", 'zero_shot(image: zi, text: zt, label: «3», classes: "c.json")', ["the number 3", "label: i32[n]"]),
  task("taskOneId", "retrieval(image: zi, text: zt, image_id: «image_id»)", ["`text_id` is missing"]),
  task("wrongKind", "zero_shot(image: zi, text: zt, label: image_id, classes: «4»)", ["the name of a file"]),
  task("missingArgument", '«zero_shot(image: zi, text: zt, classes: "c.json")»', ["label"]),
];

const lineOf = (text: string): string =>
  text
    .split("\n")
    .find((line) => line.includes("«"))
    ?.trim() ??
  text.split("\n")[0] ??
  "";

describe("one mistake gives one diagnostic at its place", () => {
  for (const { row, text, says = [], options } of cases)
    it(`${messages[row].code} ${row}: ${lineOf(text)}`, () => {
      const { diagnostics, marks, lowered } = checkText(text, options);
      // The inputs that a case leaves unused are not its subject.
      const about = diagnostics.filter((d) => d.severity === "error" || d.code === messages[row].code);
      expect(about.map((d) => d.code)).toEqual([messages[row].code]);
      const [found] = about;
      const [mark] = marks;
      if (mark !== undefined) expect({ start: found?.span.start, end: found?.span.end }).toEqual(mark);
      const words = [found?.message, ...(found?.related.map((r) => r.message) ?? []), ...(found?.help ?? [])].join("\n");
      for (const part of says) expect(words).toContain(part);
      expect(words).not.toMatch(/\{\w+\}|undefined/);
      if (found?.severity === "error") expect(lowered.program).toBeNull();
    });

  it("every row of the table has a case", () => {
    const tested = new Set(cases.map(({ row }) => row));
    expect(Object.keys(messages).filter((row) => !tested.has(row as Row))).toEqual([]);
  });

  it("three mistakes give three, in the order of the text", () => {
    const { diagnostics, marks } = checkText(
      pipelineOf(`
  zi = l2_normalize(«imge»)
  s[i, j] = dot(zi[i], y[j]) + bias
  param bias : f32 = -10
  a = «x + z»
  b = a * 2 + s[0, 0]
  c = sum(«w > 0»)
  loss = b + c + sum(s) + sum(zi)`).replace("+ bias", ""),
    );
    expect(diagnostics.filter((d) => d.severity === "error").map(({ span }) => span.start)).toEqual(marks.map(({ start }) => start));
  });

  it("a wrong definition silences all that build on it, and its indices", () => {
    const { diagnostics } = checkText(
      pipelineOf(`
  a[i, j] = dot(x[i], y[j]) + missing(i)
  b[k] = nothing_at_all * k
  c = sum[i, j](a[i, j] * where(i == j, 1, -1)) + sum(b) + b[0]
  e = if b > 0 then 1 else 2
  loss = c + e
  train { optimizer sgd(lr: b)
          for nobody { lr: 1 } }`),
    );
    expect(diagnostics.map((d) => d.code)).toEqual([messages.unknownFunction.code, messages.unknownName.code]);
  });

  it("a mistake in a module that is applied many times is one mistake, and says where it is applied", () => {
    const module = "module bad()(v: f32[..., k]) -> f32[..., k] { return v + nowhere }\n";
    const { diagnostics } = checkText(pipelineOf("encoder e = repeat(5, bad())\n encoder f = bad()\n a = e(x)\n b = f(x)", module));
    expect(diagnostics.filter((d) => d.severity === "error").map((d) => d.code)).toEqual([messages.unknownName.code]);
    expect(diagnostics[0]?.related.map((r) => r.message)).toEqual(["while `bad` is applied here"]);
  });

  it("codes are unique", () => {
    const codes = Object.values(messages).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
