/** Convolutions on every engine against seven loops, and their gradients against the loops turned round. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Template } from "../../compiler/compile.js";
import { createPlanrefEngine } from "../../runtime/engines/planref/engine.js";
import { missing, subjects } from "../conformance/subjects.js";
import { expectClose } from "../support/close.js";
import { compileText } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";
import { planFor, runLoaded } from "../support/run-engine.js";
import { loadTogether, type Together } from "../support/together.js";

type Pair = readonly [number, number];
type Case = {
  readonly name: string;
  readonly picture: Pair;
  readonly channels: number;
  readonly kernel: Pair;
  readonly results: number;
  /** As the program writes it, and what it means. */
  readonly text: string;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  readonly low?: Pair;
  readonly counts: Pair;
  readonly groups?: number;
};

const cases: readonly Case[] = [
  { name: "no zeros", picture: [5, 7], channels: 3, kernel: [3, 2], results: 4, text: "", counts: [3, 6] },
  { name: "same", picture: [6, 5], channels: 5, kernel: [3, 3], results: 7, text: 'padding: "same"', low: [1, 1], counts: [6, 5] },
  {
    name: "same, by twos, a zero more behind",
    picture: [6, 7],
    channels: 4,
    kernel: [3, 3],
    results: 3,
    text: 'stride: 2, padding: "same"',
    stride: [2, 2],
    low: [0, 1],
    counts: [3, 4],
  },
  {
    name: "strides that leave a rest",
    picture: [7, 9],
    channels: 2,
    kernel: [2, 3],
    results: 3,
    text: "stride: (3, 2), padding: (1, 0)",
    stride: [3, 2],
    low: [1, 0],
    counts: [3, 4],
  },
  {
    name: "dilated",
    picture: [7, 6],
    channels: 2,
    kernel: [3, 2],
    results: 3,
    text: "dilation: (2, 3), padding: 2",
    dilation: [2, 3],
    low: [2, 2],
    counts: [7, 7],
  },
  {
    name: "two groups",
    picture: [5, 5],
    channels: 4,
    kernel: [3, 3],
    results: 6,
    text: "groups: 2, padding: 1, stride: (1, 2)",
    stride: [1, 2],
    low: [1, 1],
    counts: [5, 3],
    groups: 2,
  },
  {
    name: "depthwise",
    picture: [6, 5],
    channels: 19,
    kernel: [5, 3],
    results: 19,
    text: 'groups: 19, padding: "same"',
    low: [2, 1],
    counts: [6, 5],
    groups: 19,
  },
  {
    name: "depthwise, by twos, two results a channel",
    picture: [5, 5],
    channels: 3,
    kernel: [3, 3],
    results: 6,
    text: "groups: 3, padding: 1, stride: 2",
    stride: [2, 2],
    low: [1, 1],
    counts: [3, 3],
    groups: 3,
  },
  {
    name: "depthwise, alone by twos",
    picture: [5, 7],
    channels: 3,
    kernel: [3, 3],
    results: 3,
    text: "groups: 3, stride: 2",
    stride: [2, 2],
    counts: [2, 3],
    groups: 3,
  },
  { name: "one place", picture: [3, 5], channels: 5, kernel: [1, 1], results: 7, text: "", counts: [3, 5] },
  {
    name: "one place, by twos",
    picture: [3, 5],
    channels: 5,
    kernel: [1, 1],
    results: 7,
    text: "stride: 2",
    stride: [2, 2],
    counts: [2, 3],
  },
  {
    name: "side by side",
    picture: [6, 4],
    channels: 3,
    kernel: [3, 2],
    results: 5,
    text: "stride: (3, 2)",
    stride: [3, 2],
    counts: [2, 2],
  },
  {
    name: "side by side, with a rest",
    picture: [7, 5],
    channels: 3,
    kernel: [3, 2],
    results: 5,
    text: "stride: (3, 2)",
    stride: [3, 2],
    counts: [2, 2],
  },
  {
    name: "wider than a panel",
    picture: [9, 9],
    channels: 33,
    kernel: [3, 3],
    results: 67,
    text: "padding: 1",
    low: [1, 1],
    counts: [9, 9],
  },
];

/** One of each kind: a contraction, one in groups, a sum of products, another shape. */
const inSlices = cases.filter(({ name }) => ["same", "two groups", "depthwise", "side by side"].includes(name));

/** The loss holds the result by its sine: its cotangent is the cosine, other for every element. */
const programOf = ({ picture: [h, w], channels, kernel: [p, q], results, text, groups = 1 }: Case): string => `pipeline p {
  batch n
  input x : f32[n, ${h}, ${w}, ${channels}]
  param k : f32[${p}, ${q}, ${channels / groups}, ${results}] ~ normal(1)
  y = conv2d(x, k${text === "" ? "" : `, ${text}`})
  loss = sum(sin(y))
  output y
}`;

type Numbers = { readonly shape: readonly number[]; readonly data: Float64Array };
const empty = (shape: readonly number[]): Numbers => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });

/** Every product of the convolution: where its factors and its sum lie. */
function products(one: Case, n: number, use: (x: number, k: number, y: number) => void): void {
  const { picture, channels, kernel, results, counts, stride = [1, 1], dilation = [1, 1], low = [0, 0], groups = 1 } = one;
  for (let b = 0; b < n; b++)
    for (let i = 0; i < counts[0]; i++)
      for (let j = 0; j < counts[1]; j++)
        for (let d = 0; d < results; d++)
          for (let p = 0; p < kernel[0]; p++)
            for (let q = 0; q < kernel[1]; q++)
              for (let c = 0; c < channels / groups; c++) {
                const [row, column] = [i * stride[0] + p * dilation[0] - low[0], j * stride[1] + q * dilation[1] - low[1]];
                if (row < 0 || row >= picture[0] || column < 0 || column >= picture[1]) continue;
                const channel = Math.floor(d / (results / groups)) * (channels / groups) + c;
                use(
                  ((b * picture[0] + row) * picture[1] + column) * channels + channel,
                  ((p * kernel[1] + q) * (channels / groups) + c) * results + d,
                  ((b * counts[0] + i) * counts[1] + j) * results + d,
                );
              }
}

function expected(one: Case, n: number, x: Numbers, k: Numbers): ReadonlyMap<string, Numbers> {
  const y = empty([n, ...one.counts, one.results]);
  products(one, n, (at, by, to) => void (y.data[to] = (y.data[to] ?? 0) + (x.data[at] ?? 0) * (k.data[by] ?? 0)));
  const [dx, dk, d] = [empty(x.shape), empty(k.shape), y.data.map(Math.cos)];
  products(one, n, (at, by, to) => {
    dx.data[at] = (dx.data[at] ?? 0) + (d[to] ?? 0) * (k.data[by] ?? 0);
    dk.data[by] = (dk.data[by] ?? 0) + (d[to] ?? 0) * (x.data[at] ?? 0);
  });
  return new Map([
    ["y", y],
    ["grad.x", dx],
    ["grad.k", dk],
  ]);
}

/** Exact in f32, and so that results are about 1. */
function draw(one: Case, n: number, seed: number): { readonly x: Numbers; readonly k: Numbers } {
  const { normal } = randomFrom(seed);
  const own = one.channels / (one.groups ?? 1);
  const fill = (shape: readonly number[], scale: number): Numbers => ({
    shape,
    data: empty(shape).data.map(() => Math.fround(normal() * scale)),
  });
  return {
    x: fill([n, ...one.picture, one.channels], 1),
    k: fill([...one.kernel, own, one.results], 1 / Math.sqrt(one.kernel[0] * one.kernel[1] * own)),
  };
}

for (const { name, reason } of missing) test(`${name} is not here: ${reason}`, ({ skip }) => skip(reason));

for (const { name, engine, precision, tolerance } of subjects)
  describe(`${name} ${precision} within ${tolerance}`, () => {
    const compiled = (list: readonly Case[], microBatch: boolean): ReadonlyMap<Case, Template> =>
      new Map(list.map((one) => [one, compileText(programOf(one), { target: engine.target(precision), microBatch }).template]));
    const [whole, sliced] = [compiled(cases, false), compiled(inSlices, true)];
    let loaded: Together;
    beforeAll(async () => {
      loaded = await loadTogether(engine, [...whole.values(), ...sliced.values()]);
    }, 300_000);
    afterAll(() => loaded.dispose());

    const run = async (template: Template | undefined, one: Case, n: number, blocks: Readonly<Record<string, number>>) => {
      if (template === undefined) throw new Error("the case was not compiled");
      const { x, k } = draw(one, n, 31 * n + one.results);
      const actual = await runLoaded(loaded.runOf(template), template, planFor(template, { n }, blocks), new Map(Object.entries({ x, k })));
      for (const [output, value] of expected(one, n, x, k)) expectClose(output, actual.get(output), value, tolerance);
      return actual;
    };

    test.each(cases)("$name", async (one) => {
      for (const n of [1, 3]) await run(whole.get(one), one, n, {});
    });
    test.each(inSlices)("$name, a slice of the batch after the other", async (one) => {
      const [all, parts] = [await run(sliced.get(one), one, 5, { r: 5 }), await run(sliced.get(one), one, 5, { r: 2 })];
      // A picture's results do not change with its slice; TensorFlow's own products round by the size of the batch.
      if (name !== "tfjs:node") expect(parts.get("y")).toEqual(all.get("y"));
    });
  });

describe("windows are indexed", () => {
  test.each(cases)("$name: no array is larger than what the convolution reads and makes", (one) => {
    const target = createPlanrefEngine().target("f32");
    const n = 3;
    const { buffers } = planFor(compileText(programOf(one), { target }).template, { n }, {});
    const elements = (...shape: number[]): number => shape.reduce((a, b) => a * b, 1);
    const x = elements(n, ...one.picture, one.channels);
    const k = elements(...one.kernel, one.channels / (one.groups ?? 1), one.results);
    const y = elements(n, ...one.counts, one.results);
    expect(Math.max(...buffers.map(({ shape }) => elements(...shape)))).toBe(Math.max(x, k, y));
  });
});
