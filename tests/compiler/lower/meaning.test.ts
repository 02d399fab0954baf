/** What expressions mean, held to loops that anyone can read. */
import { describe, expect, it } from "vitest";
import { data, evaluateOne, flat, m, n, SEED, shapeOf } from "./evaluate-members.js";

const { x, y, w, v, to, src, dst, table, cube, t } = data;

type Nested = number | readonly Nested[];
const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);
const at = <T>(list: readonly T[], k: number): T => {
  const value = list[k];
  if (value === undefined) throw new Error(`no element ${k}`);
  return value;
};
const cell = (matrix: readonly (readonly number[])[], i: number, j: number): number => at(at(matrix, i), j);
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((p, k) => p * at(b, k)));
const logsumexp = (list: readonly number[]): number => Math.log(sum(list.map(Math.exp)));
const perPair = (f: (i: number, j: number) => number): number[][] => range(n).map((i) => range(m).map((j) => f(i, j)));
const s = perPair((i, j) => dot(at(x, i), at(y, j)));
const square = range(n).map((i) => range(n).map((j) => dot(at(x, i), at(x, j))));
const columns = (matrix: readonly (readonly number[])[]): number[][] => at(matrix, 0).map((_, j) => matrix.map((row) => at(row, j)));
const one = (condition: boolean): number => (condition ? 1 : 0);
const S = "s[i, j] = dot(x[i], y[j])\n";
const Q = "q[i, j] = dot(x[i], x[j])\n";

const cases: readonly (readonly [text: string, want: Nested])[] = [
  // Pair algebra
  [`${S}out[i, j] = s[i, j]`, s],
  [`${S}out[j, i] = s[i, j]`, columns(s)],
  [`${S}out[j] = sum[i](s[i, j])`, columns(s).map(sum)],
  [`${S}out = sum[i, j](s[i, j]) / n`, sum(s.map(sum)) / n],
  [`${S}out = mean[i, j](s[i, j])`, sum(s.map(sum)) / (n * m)],
  [`${S}out[i] = max[j](s[i, j]) - min[j](s[i, j])`, s.map((row) => Math.max(...row) - Math.min(...row))],
  [`${S}out[j] = logsumexp[i](s[i, j])`, columns(s).map(logsumexp)],
  [`${S}out[i, j] = where(i == j, 1, -1) * s[i, j]`, perPair((i, j) => (i === j ? 1 : -1) * cell(s, i, j))],
  ["out[i, j] = where(to[i] == j, w[i], v[j])", perPair((i, j) => (to[i] === j ? at(w, i) : at(v, j)))],
  ["out[i, j] = i * 10 + j + 0 * w[i] * v[j]", perPair((i, j) => i * 10 + j)],
  ["out[i, j] = table[src[i], dst[j]]", perPair((i, j) => cell(table, at(src, i), at(dst, j)))],
  ["out[i] = table[src[i], 2]", src.map((k) => cell(table, k, 2))],
  ["out[i] = sum(table[src[i]])", src.map((k) => sum(at(table, k)))],
  ["out[i] = y[to[i]]", to.map((k) => at(y, k))],
  [`${S}out[i] = s[i, to[i]]`, range(n).map((i) => cell(s, i, at(to, i)))],
  [`${S}out[i, k] = s[i, to[k]]`, range(n).map((i) => range(n).map((k) => cell(s, i, at(to, k))))],
  [`${Q}out[i] = q[i, i]`, range(n).map((i) => cell(square, i, i))],
  ["out[i] = x[i + 1, 0] + 0 * w[i]", range(n).map((i) => (i + 1 < n ? cell(x, i + 1, 0) : 0))],
  [`${S}out[i, j] = softmax[j](s[i, j])`, s.map((row) => row.map((p) => Math.exp(p - logsumexp(row))))],
  [`${S}out[i, j] = log_softmax[i](s[i, j])`, columns(columns(s).map((column) => column.map((p) => p - logsumexp(column))))],
  [`${S}out[i, j] = where(in_top_k[j](s[i, j], k: 2), 1, 0)`, s.map((row) => row.map((p) => one(row.filter((q) => q > p).length < 2)))],
  [`${S}out[i, j] = cumsum[j](s[i, j])`, s.map((row) => row.map((_, j) => sum(row.slice(0, j + 1))))],
  [`${S}out[i, j] = sort[j](s[i, j])`, s.map((row) => row.toSorted((a, b) => a - b))],
  [`${S}out[i] = argmax[j](s[i, j])`, s.map((row) => row.indexOf(Math.max(...row)))],
  [`${S}out[i] = where(any[j](s[i, j] > 1.5), 1, 0)`, s.map((row) => one(row.some((p) => p > 1.5)))],
  [`${S}out[i] = where(all[j](s[i, j] > -1), 1, 0)`, s.map((row) => one(row.every((p) => p > -1)))],
  [`b[i, j] = dot(x[i], y[j]) > 0\nout[i] = where(b[i, to[i]], 1, 0)`, range(n).map((i) => one(cell(s, i, at(to, i)) > 0))],
  ["out[i, j] = dot(x[i], y[j]) + w[i] - v[j]", perPair((i, j) => cell(s, i, j) + at(w, i) - at(v, j))],
  [
    "out = sum[i](w[i] * sum[j](v[j] * dot(x[i], y[j])))",
    sum(range(n).map((i) => at(w, i) * sum(range(m).map((j) => at(v, j) * cell(s, i, j))))),
  ],
  ["out[i] = l2_normalize(x[i])", x.map((row) => row.map((p) => p / Math.sqrt(dot(row, row))))],
  [
    "out[i, k, l] = dot(cube[i, :, k], cube[i, :, l])",
    cube.map((c) => range(4).map((k) => range(4).map((l) => sum(c.map((row) => at(row, k) * at(row, l)))))),
  ],
  ["out[k] = sum[i](cube[i, 0, k] * w[i])", range(4).map((k) => sum(cube.map((c, i) => cell(c, 0, k) * at(w, i))))],
  ["out[i, j] = (x @ y.T)[i, j]", s],

  // Array style
  ["x @ y.T", s],
  ["w @ x", columns(x).map((column) => dot(column, w))],
  ["x.T @ w", columns(x).map((column) => dot(column, w))],
  ["w @ w", dot(w, w)],
  ["dot(w, w)", dot(w, w)],
  ["cube @ transpose(cube, (0, 2, 1))", cube.map((c) => c.map((a) => c.map((b) => dot(a, b))))],
  ["cube @ ones((4, 2))", cube.map((c) => c.map((row) => [sum(row), sum(row)]))],
  ["w[:, None] * v[None, :]", perPair((i, j) => at(w, i) * at(v, j))],
  ["cube + ones((2, 1))", cube.map((c) => c.map((row) => row.map((p) => p + 1)))],
  ["cube[:, 1]", cube.map((c) => at(c, 1))],
  ["cube[..., -1]", cube.map((c) => c.map((row) => at(row, 3)))],
  ["cube[1:3, 0, :-1]", cube.slice(1, 3).map((c) => at(c, 0).slice(0, -1))],
  ["x[:, 1] - w", x.map((row, i) => at(row, 1) - at(w, i))],
  ["eye(n)", range(n).map((i) => range(n).map((j) => one(i === j)))],
  ["eye(n, m) * t", perPair((i, j) => one(i === j) * t)],
  ["diag(x @ x.T)", range(n).map((i) => cell(square, i, i))],
  ["trace(x @ x.T)", sum(range(n).map((i) => cell(square, i, i)))],
  ["sum(cube, axis: 1)", cube.map((c) => columns(c).map(sum))],
  ["mean(cube, axis: (0, 2))", range(2).map((k) => sum(cube.map((c) => sum(at(c, k)))) / (n * 4))],
  ["max(x)", Math.max(...flat(x))],
  ["argmax(x, axis: -1)", x.map((row) => row.indexOf(Math.max(...row)))],
  ["softmax(x)", x.map((row) => row.map((p) => Math.exp(p - logsumexp(row))))],
  [
    "standardize(x, eps: 0)",
    x.map((row) => row.map((p) => (p - sum(row) / 3) / Math.sqrt(sum(row.map((q) => (q - sum(row) / 3) ** 2)) / 3))),
  ],
  ["concat([x, y])", [...x, ...y]],
  ["concat([x, x * 2], axis: 1)", x.map((row) => [...row, ...row.map((p) => 2 * p)])],
  ["take(table, src)", src.map((k) => at(table, k))],
  ["take(table, dst, axis: 1)", table.map((row) => dst.map((k) => at(row, k)))],
  ["table[src]", src.map((k) => at(table, k))],
  ["one_hot(src, 4)", src.map((k) => range(4).map((c) => one(c === k)))],
  ["arange(m)", range(m)],
  ["reshape(cube, (n, 8))", cube.map((c) => c.flat())],
  ["reshape(cube, (2 * n, 4))", cube.flat()],
  [
    'rearrange(cube, "n a (b c) -> n c (a b)", b: 2)',
    cube.map((c) => range(2).map((k) => c.flatMap((row) => range(2).map((b) => at(row, 2 * b + k))))),
  ],
  [
    'rearrange(cube, "... a (b c) -> ... (a c b)", b: 2)',
    cube.map((c) => c.flatMap((row) => range(2).flatMap((k) => range(2).map((b) => at(row, 2 * b + k))))),
  ],
  ['rearrange(cube, "... d -> d ...")', range(4).map((d) => cube.map((c) => c.map((row) => at(row, d))))],
  ['rearrange(x, "... i j -> ... j i")', range(at(x, 0).length).map((j) => x.map((row) => at(row, j)))],
  ["zeros(3)", [0, 0, 0]],

  // Numbers, sizes and dtypes
  ["n + 2 * m", n + 2 * m],
  ["n / m", n / m],
  ["n * m - 1", n * m - 1],
  ["src / 2", src.map((k) => k / 2)],
  ["src * 3 - 1", src.map((k) => k * 3 - 1)],
  ["src % 3", src.map((k) => k % 3)],
  ["(src - 5) % 3", src.map((k) => (((k - 5) % 3) + 3) % 3)],
  ["src * 0.5", src.map((k) => k * 0.5)],
  ["src + w", src.map((k, i) => k + at(w, i))],
  ["src ** 2", src.map((k) => k * k)],
  ["w ** 2 + abs(w) ** 0.5", w.map((p) => p * p + Math.sqrt(Math.abs(p)))],
  ["2 ** w", w.map((p) => 2 ** p)],
  ["-w ** 2", w.map((p) => -(p * p))],
  ["log(10) * t", Math.log(10) * t],
  ["d / 2", 1.5],
  ["if d == 3 then w else v", w],
  ["if d > 3 and true or not (d == 3) then w else v", v],
  ["where(w > 0 and not (src == 1), 1, 0)", w.map((p, i) => one(p > 0 && src[i] !== 1))],
  ["where(w > 0, src, 0.5)", w.map((p, i) => (p > 0 ? at(src, i) : 0.5))],
  ["clip(w, -0.5, 0.5)", w.map((p) => Math.min(Math.max(p, -0.5), 0.5))],
  ["maximum(w, 0) - minimum(w, 0) + relu(w)", w.map((p) => Math.abs(p) + Math.max(p, 0))],
  ["silu(w) + square(w)", w.map((p) => p / (1 + Math.exp(-p)) + p * p)],
  ["-log_sigmoid(w) - softplus(-w)", w.map(() => 0)],
  ["ceil(w) - floor(w)", w.map((p) => Math.ceil(p) - Math.floor(p))],
  ["int(w * 3)", w.map((p) => Math.trunc(p * 3))],
  ["5% * t", 0.05 * t],
  ['gelu(w, approximate: "quick")', w.map((p) => p / (1 + Math.exp(-1.702 * p)))],
  ["stop_gradient(w)", w],
];

describe(`an expression is what it says (n = ${n}, m = ${m}, seed ${SEED})`, () => {
  it.each(cases)("%s", (text, want) => {
    const got = evaluateOne(text);
    expect(got.shape).toEqual(shapeOf(want));
    const expected = flat(want);
    expect(got.data.length).toBe(expected.length);
    got.data.forEach((value, k) => {
      expect(Math.abs(value - at(expected, k)), `element ${k}: ${value} for ${at(expected, k)}`).toBeLessThan(1e-12);
    });
  });
});
