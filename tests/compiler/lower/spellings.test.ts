/** The pair algebra and the array style are two spellings of one program: same values, to the last bit that rounding allows. */
import { expect, it } from "vitest";
import { evaluateOne } from "./evaluate-members.js";

const pairs: readonly (readonly [indexed: string, array: string])[] = [
  ["out[i, j] = dot(x[i], y[j])", "out = x @ y.T"],
  [
    "out = sum[i, j](log_sigmoid(where(i == j, 1, -1) * dot(x[i], y[j]))) / n",
    "out = sum(log_sigmoid((2 * eye(n, m) - 1) * (x @ y.T))) / n",
  ],
  ["out[i] = w[i] * sum[j](dot(x[i], y[j]))", "out = w * sum(x @ y.T, axis: 1)"],
  ["out[i, j] = w[i] * dot(x[i], y[j]) * v[j]", "out = w[:, None] * (x @ y.T) * v[None, :]"],
  ["q[i, j] = dot(x[i], x[j])\nout[i] = logsumexp[j](q[i, j]) - q[i, i]", "q = x @ x.T\nout = logsumexp(q, axis: 1) - diag(q)"],
  ["q[i, j] = dot(x[i], x[j])\nout = sum[i](q[i, i])", "out = trace(x @ x.T)"],
  ["out[i, j] = where(to[i] == j, v[j], 0)", "out = one_hot(to, m) * v[None, :]"],
  ["out[i] = y[to[i]]", "out = take(y, to)"],
  ["out[j, i] = dot(x[i], y[j])", "out = (x @ y.T).T"],
  ["out[i, j] = softmax[i](dot(x[i], y[j]))", "out = softmax(x @ y.T, axis: 0)"],
  ["out[i, j] = where(in_top_k[j](dot(x[i], y[j]), k: 3), 1, 0)", "out = where(in_top_k(x @ y.T, axis: 1, k: 3), 1, 0)"],
  ["out = mean[i](l2_normalize(x[i]))", "out = mean(l2_normalize(x), axis: 0)"],
  ["out[i] = argmax[j](dot(x[i], y[j]))", "out = argmax(x @ y.T, axis: 1)"],
];

for (const [indexed, array] of pairs)
  it(`${indexed.replaceAll("\n", "; ")}  is  ${array.replaceAll("\n", "; ")}`, () => {
    const [a, b] = [evaluateOne(indexed), evaluateOne(array)];
    expect(a.shape).toEqual(b.shape);
    a.data.forEach((value, k) => expect(Math.abs(value - (b.data[k] ?? Number.NaN))).toBeLessThan(1e-13));
  });
