/**
 * Every optimiser through `sigc train`, against loops in float64 that anyone can check: on the reference to 1e-12, in f32 on
 * other engines to 1e-5 of the largest element. Groups, clipping, schedules and the moving average are in it.
 */
import { describe, expect, test } from "vitest";
import { hostArray } from "../../../runtime/data/host-array.js";
import { readSafetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";
import { whyNoNative } from "../../support/native-missing.js";
import { scratchFolder, sigc } from "../cli/invoke.js";

const { path, write } = scratchFolder();
const STEPS = 12;
const BATCH = 4;

// A loss whose gradients are easily written by hand. The longest axis of `a` is the first, the second longest the last.
const [ROWS, MIDDLE, COLUMNS] = [40, 2, 33];
const text = (settings: string): string => `pipeline quadratic {
  batch n
  input x: f32[n]
  input c: f32[${ROWS}, ${MIDDLE}, ${COLUMNS}]
  input target: f32[${ROWS}, ${MIDDLE}, ${COLUMNS}]
  param a: f32[${ROWS}, ${MIDDLE}, ${COLUMNS}] = 0
  param s: f32 = 0
  param w: f32[5] = 0
  param held: f32[5] = 0
  loss = mean(x) * (sum(c * square(a - target)) + 3 * sin(s) + sum(square(w - 2)) + sum(held * w))
  train {
    batch ${BATCH}
    steps ${STEPS}
    for held { freeze: true }
${settings}
  }
}
`;

type Arrays = { readonly a: readonly number[]; readonly s: readonly number[]; readonly w: readonly number[] };
type Name = keyof Arrays;
const names = ["a", "s", "w"] as const;
const each = (make: (name: Name) => readonly number[]): Arrays => ({ a: make("a"), s: make("s"), w: make("w") });

const wave = (count: number, phase: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => Math.fround(Math.sin(phase + k * k * 0.37)));
const SIZE = ROWS * MIDDLE * COLUMNS;
const start: Arrays = { a: wave(SIZE, 0), s: [0.5], w: wave(5, 1) };
const held = wave(5, 2);
// Over several orders of magnitude, so that rows and columns differ.
const c = wave(SIZE, 3).map((value, k) => Math.fround(Math.abs(value) * 10 ** -((k % 7) / 2)));
const target = wave(SIZE, 4);
const gradients = ({ a, s, w }: Arrays): Arrays => ({
  a: a.map((x, k) => 2 * (c[k] ?? 0) * (x - (target[k] ?? 0))),
  s: s.map((x) => 3 * Math.cos(x)),
  w: w.map((x, k) => 2 * (x - 2) + (held[k] ?? 0)),
});

const shapes = {
  a: [ROWS, MIDDLE, COLUMNS],
  s: [],
  w: [5],
  held: [5],
  c: [ROWS, MIDDLE, COLUMNS],
  target: [ROWS, MIDDLE, COLUMNS],
  x: [BATCH],
};
const file = (arrays: Partial<Record<keyof typeof shapes, readonly number[]>>, name: string): string => {
  const entries = Object.entries(arrays) as [keyof typeof shapes, readonly number[]][];
  writeSafetensors(path(name), new Map(entries.map(([key, data]) => [key, hostArray("f32", shapes[key], Float32Array.from(data))])));
  return path(name);
};
const data = file({ x: Array.from({ length: BATCH }, () => 1), c, target }, "data.safetensors");
const first = file({ ...start, held }, "first.safetensors");

type Settings = {
  /** The lines of the train block. */
  readonly block: readonly string[];
  /** From a parameter's gradient at step t, from 1, to the direction against which it goes. */
  readonly rule: () => (gradient: readonly number[], t: number) => readonly number[];
  readonly lr: (name: Name) => number;
  /** What is taken of the parameter itself, the learning rate included where they are coupled. */
  readonly decay: (name: Name) => number;
  readonly multiplier: (step: number) => number;
  readonly clip?: number;
  readonly ema?: number;
};

function byHand({ rule, lr, decay, multiplier, clip, ema = 0 }: Settings): { readonly model: Arrays; readonly ema: Arrays } {
  const rules = { a: rule(), s: rule(), w: rule() };
  let [now, average] = [start, start];
  for (let t = 1; t <= STEPS; t++) {
    const [before, g] = [now, gradients(now)];
    const norm = Math.hypot(...g.a, ...g.s, ...g.w);
    const shrink = clip === undefined ? 1 : Math.min(1, clip / norm);
    const rate = multiplier(t - 1);
    now = each((name) => {
      const direction = rules[name](
        g[name].map((x) => x * shrink),
        t,
      );
      return before[name].map((x, k) => x - rate * lr(name) * (direction[k] ?? 0) - rate * decay(name) * x);
    });
    const [previous, next] = [average, now];
    average = each((name) => previous[name].map((e, k) => ema * e + (1 - ema) * (next[name][k] ?? 0)));
  }
  return { model: now, ema: average };
}

// torch.optim.SGD
const sgd = (momentum: number, nesterov: boolean) => () => {
  let m: readonly number[] = [];
  return (g: readonly number[]) => {
    m = g.map((x, k) => momentum * (m[k] ?? 0) + x);
    return nesterov ? g.map((x, k) => x + momentum * (m[k] ?? 0)) : m;
  };
};
// Loshchilov & Hutter 2019, Algorithm 2
const adam = (beta1: number, beta2: number, eps: number) => () => {
  let [m, v]: (readonly number[])[] = [[], []];
  return (g: readonly number[], t: number) => {
    const [m0 = [], v0 = []] = [m, v];
    m = g.map((x, k) => beta1 * (m0[k] ?? 0) + (1 - beta1) * x);
    v = g.map((x, k) => beta2 * (v0[k] ?? 0) + (1 - beta2) * x * x);
    return m.map((x, k) => x / (1 - beta1 ** t) / (Math.sqrt((v?.[k] ?? 0) / (1 - beta2 ** t)) + eps));
  };
};
// Chen et al. 2023, Algorithm 2
const lion = (beta1: number, beta2: number) => () => {
  let m: readonly number[] = [];
  return (g: readonly number[]) => {
    const before = m;
    m = g.map((x, k) => beta2 * (before[k] ?? 0) + (1 - beta2) * x);
    return g.map((x, k) => Math.sign(beta1 * (before[k] ?? 0) + (1 - beta1) * x));
  };
};
// Shazeer & Stern 2018, Algorithm 4 with Section 6's momentum; the cap and the missing step size are Zhai et al. 2022's.
const adafactor = (momentum: number, beta2: number, clipRms: number, factored: boolean) => () => {
  let [v, row, col, m] = [0, 0, 0, 0].map(() => new Map<string, number>()) as [Moment, Moment, Moment, Moment];
  return (g: readonly number[], t: number) => {
    const beta = Math.min(beta2, 1 - t ** -0.8);
    const s = g.map((x) => x * x + 1e-30);
    let u: readonly number[];
    if (factored && g.length === SIZE) {
      // Element k stands at (i, l, j).
      const at = g.map((_, k) => [Math.floor(k / (MIDDLE * COLUMNS)), Math.floor(k / COLUMNS) % MIDDLE, k % COLUMNS] as const);
      row = blended(
        row,
        meanBy(s, (k) => `${at[k]?.[0]},${at[k]?.[1]}`),
        beta,
      );
      col = blended(
        col,
        meanBy(s, (k) => `${at[k]?.[1]},${at[k]?.[2]}`),
        beta,
      );
      const rows = [...row];
      const middle = meanBy(
        rows.map(([, value]) => value),
        (k) => String(rows[k]?.[0].split(",")[1]),
      );
      u = g.map((x, k) => {
        const [i, l, j] = at[k] ?? [0, 0, 0];
        return x / Math.sqrt(((row.get(`${i},${l}`) ?? 0) / (middle.get(String(l)) ?? 0)) * (col.get(`${l},${j}`) ?? 0));
      });
    } else {
      v = blended(v, new Map(s.map((x, k) => [String(k), x])), beta);
      u = g.map((x, k) => x / Math.sqrt(v.get(String(k)) ?? 0));
    }
    const rms = Math.sqrt(u.reduce((sum, x) => sum + x * x, 0) / u.length);
    m = blended(m, new Map(u.map((x, k) => [String(k), x / Math.max(1, rms / clipRms)])), momentum);
    return [...m.values()];
  };
};
type Moment = Map<string, number>;
const blended = (old: Moment, fresh: Moment, beta: number): Moment =>
  new Map([...fresh].map(([key, x]) => [key, beta * (old.get(key) ?? 0) + (1 - beta) * x]));
function meanBy(values: readonly number[], keyOf: (k: number) => string): Moment {
  const all = new Map<string, number[]>();
  values.forEach((value, k) => all.set(keyOf(k), [...(all.get(keyOf(k)) ?? []), value]));
  return new Map([...all].map(([key, list]) => [key, list.reduce((sum, x) => sum + x, 0) / list.length]));
}

const constant = () => 1;
/** W steps up, in equal parts, then by `shape` from 1 at step W − 1 to the end. */
const warm =
  (warmup: number, shape: (progress: number) => number) =>
  (step: number): number =>
    step < warmup ? (step + 1) / warmup : shape((step - (warmup - 1)) / (STEPS - warmup));

const cases: Readonly<Record<string, Settings>> = {
  "sgd, clipped, warm-up in steps": {
    block: ['optimizer sgd(lr: 0.02, decay: 0.1, decay_mode: "coupled")', "schedule constant(warmup: 5)", "clip 0.5"],
    ...{ rule: sgd(0, false), lr: () => 0.02, decay: () => 0.002, clip: 0.5, multiplier: warm(5, constant) },
  },
  "sgd with Nesterov momentum, independent decay, an average": {
    block: ['optimizer sgd(lr: 0.02, momentum: 0.9, nesterov: true, decay: 1e-3, decay_mode: "independent")', "ema 0.9"],
    ...{ rule: sgd(0.9, true), lr: () => 0.02, decay: () => 1e-3, multiplier: constant, ema: 0.9 },
  },
  "adamw, coupled decay, groups, cosine, warm-up in examples, an average": {
    block: [
      'optimizer adamw(lr: 0.03, betas: (0.9, 0.95), decay: 0.1, decay_mode: "coupled")',
      "schedule cosine(warmup: examples(10), final: 0.1)",
      "for a { lr: 0.1x }",
      "for s, w { decay: 0 }",
      "clip 3",
      "ema 0.75",
    ],
    ...{ rule: adam(0.9, 0.95, 1e-8), lr: (name) => (name === "a" ? 0.003 : 0.03), decay: (name) => (name === "a" ? 0.0003 : 0) },
    // 10 examples are 3 batches of 4.
    ...{ multiplier: warm(3, (p) => 0.1 + (0.9 * (1 + Math.cos(Math.PI * p))) / 2), clip: 3, ema: 0.75 },
  },
  "adamw, independent decay, linear, warm-up as a share": {
    block: ['optimizer adamw(lr: 0.03, decay: 0.01, decay_mode: "independent")', "schedule linear(warmup: 25%)", "for w { lr: 0.5 }"],
    ...{ rule: adam(0.9, 0.999, 1e-8), lr: (name) => (name === "w" ? 0.5 : 0.03), decay: () => 0.01, multiplier: warm(3, (p) => 1 - p) },
  },
  "lion, coupled decay": {
    block: ['optimizer lion(lr: 0.01, decay: 3, decay_mode: "coupled")'],
    ...{ rule: lion(0.9, 0.99), lr: () => 0.01, decay: () => 0.03, multiplier: constant },
  },
  "lion, independent decay for one": {
    block: ['optimizer lion(lr: 0.01, betas: (0.95, 0.98), decay: 0, decay_mode: "independent")', "for w { decay: 0.02 }"],
    ...{ rule: lion(0.95, 0.98), lr: () => 0.01, decay: (name) => (name === "w" ? 0.02 : 0), multiplier: constant },
  },
  "adafactor as it is": {
    block: ['optimizer adafactor(lr: 0.01, decay: 1e-3, decay_mode: "independent")', "ema 0.5"],
    ...{ rule: adafactor(0.9, 0.999, Infinity, true), lr: () => 0.01, decay: () => 1e-3, multiplier: constant, ema: 0.5 },
  },
  "adafactor with a low cap, bounded directions, coupled decay": {
    block: ['optimizer adafactor(lr: 0.01, beta2: 0.5, clip_rms: 0.8, decay: 0.1, decay_mode: "coupled")', "clip 2"],
    ...{ rule: adafactor(0.9, 0.5, 0.8, true), lr: () => 0.01, decay: () => 1e-3, multiplier: constant, clip: 2 },
  },
  "adafactor without momentum, nothing factored": {
    block: ["optimizer adafactor(lr: 0.01, momentum: 0, beta2: 0.95, factor_from: 34)"],
    ...{ rule: adafactor(0, 0.95, Infinity, false), lr: () => 0.01, decay: () => 0, multiplier: constant },
  },
};

let serial = 0;
async function trained(settings: Pick<Settings, "block" | "ema">, engine: string, precision: string, columns = data) {
  const out = path(`run-${serial++}`);
  const program = write(`${serial}.sig`, text(settings.block.map((line) => `    ${line}`).join("\n")));
  const given = ["x", "c", "target"].flatMap((name) => ["--data", `${name}=${columns}#${name}`]);
  const { exit, err } = await sigc(
    "train",
    program,
    ...given,
    "--params",
    first,
    "--out",
    out,
    "--engine",
    engine,
    "--precision",
    precision,
  );
  expect(err).not.toContain("error");
  expect(exit).toBe(0);
  const read = (group: string) => readSafetensors(`${out}/step-0000${STEPS}/${group}.safetensors`);
  return { model: read("model"), ema: settings.ema === undefined ? null : read("ema") };
}

async function expectByHand(settings: Settings, engine: string, precision: string, tolerance: number): Promise<void> {
  const expected = byHand(settings);
  const { model, ema } = await trained(settings, engine, precision);
  for (const [group, wanted] of [[model, expected.model], ...(ema === null ? [] : [[ema, expected.ema] as const])] as const) {
    for (const name of names) {
      const found = Array.from(group.get(name)?.data ?? []);
      expect(found).toHaveLength(wanted[name].length);
      const largest = Math.max(...wanted[name].map(Math.abs));
      const error = Math.max(...wanted[name].map((x, k) => Math.abs(x - (found[k] ?? Number.NaN))));
      expect(error / largest, name).toBeLessThan(tolerance);
      // A tolerance that a parameter which never moved would meet shows nothing.
      const moved = Math.max(...wanted[name].map((x, k) => Math.abs(x - (start[name][k] ?? 0))));
      expect(moved / largest, name).toBeGreaterThan(1000 * tolerance);
    }
    expect(Array.from(group.get("held")?.data ?? [])).toEqual(held);
  }
}

describe("twelve steps on the reference", () => {
  test.each(Object.keys(cases))("%s", async (name) => {
    await expectByHand(cases[name] as Settings, "reference", "f64", 1e-12);
  });
});

describe("twelve steps in WebAssembly", () => {
  test.each([
    "adamw, coupled decay, groups, cosine, warm-up in examples, an average",
    "adafactor with a low cap, bounded directions, coupled decay",
  ])("%s", async (name) => {
    await expectByHand(cases[name] as Settings, "tfjs:wasm", "f32", 1e-5);
  });
});

test("adafactor in f32: what no gradient reaches stays where it is, beside gradients whose squares are 1e46 times eps", async () => {
  const quiet = (k: number): boolean => k < MIDDLE * COLUMNS || k % COLUMNS === 0;
  const loud = file({ x: Array.from({ length: BATCH }, () => 1), c: c.map((_, k) => (quiet(k) ? 0 : 1e8)), target }, "loud.safetensors");
  const settings = { block: ["optimizer adafactor(lr: 0.01)"] };
  const { model } = await trained(settings, "tfjs:wasm", "f32", loud);
  const a = Array.from(model.get("a")?.data ?? []);
  expect(a.filter((_, k) => quiet(k))).toEqual(start.a.filter((_, k) => quiet(k)));
  expect(a.every(Number.isFinite)).toBe(true);
  // Not every one: where the start is all but the target, a step may come back to it.
  const moved = a.filter((value, k) => !quiet(k) && value !== start.a[k]).length;
  expect(moved).toBeGreaterThan(0.99 * a.filter((_, k) => !quiet(k)).length);
});

const noNative = await whyNoNative();
describe.skipIf(noNative !== null)(`twelve steps on the native engine${noNative === null ? "" : `: ${noNative}`}`, () => {
  test.each(Object.keys(cases))("%s", async (name) => {
    await expectByHand(cases[name] as Settings, "native", "f32", 1e-5);
  });
});
