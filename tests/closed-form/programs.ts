/**
 * Every spelling of `regions`: the program as a user writes it, its closed form, and what it must become.
 * `sweeps` and `contractions` (distinct similarity contractions before recomputation) are the promise of the pair-region pass.
 */
import {
  clip,
  hardestNegative,
  hardNegatives,
  type Ids,
  logOfSum,
  type Loss,
  positives,
  selfUniformity,
  siglip,
  siglipByIds,
  squaredRows,
  sumOf,
  supCon,
  symmetric,
  weighted,
} from "./losses.js";
import type { Matrix } from "./matrix.js";

export type Spelling = {
  readonly name: string;
  /** Lines after the common head. */
  readonly body: string;
  /** The second batch is its own (`m`), or the first again. */
  readonly rectangular?: boolean;
  readonly closed: (l: Matrix, ids: Ids) => Loss;
  readonly sweeps: number;
  readonly contractions: number;
};

/** x and y are taken as they come: normalisation has its own closed form. */
export const head = (rectangular: boolean): string => `
  batch n${rectangular ? ", m" : ""}
  config d: int = 5
  input x : f32[n, d]
  input y : f32[${rectangular ? "m" : "n"}, d]
  input x_id : i32[n]
  input y_id : i32[${rectangular ? "m" : "n"}]
  param t_prime : f32 = log(10)
  param bias : f32 = -10
`;

const logits = "logits[i, j] = exp(t_prime) * dot(x[i], y[j]) + bias";
const text = (...lines: string[]): string => lines.map((line) => `  ${line}\n`).join("");
const z = "z[i, j] = where(i == j, 1, -1)";

export const spellings: readonly Spelling[] = [
  {
    name: "sigmoid loss, labels from eye",
    body: text("logits = exp(t_prime) * (x @ y.T) + bias", "loss = -sum(log_sigmoid((2 * eye(n) - 1) * logits)) / n"),
    closed: siglip,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "sigmoid loss, indexed",
    body: text(logits, z, "loss = -sum[i, j](log_sigmoid(z[i, j] * logits[i, j])) / n"),
    closed: siglip,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "softplus minus the diagonal inside the sum",
    body: text(logits, "loss = sum[i, j](softplus(logits[i, j]) - where(i == j, 1, 0) * logits[i, j]) / n"),
    closed: siglip,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "binary cross entropy with targets eye, mean over rows",
    body: text(logits, "p = sigmoid(logits)", "y01 = eye(n)", "loss = mean(sum(-(y01 * log(p) + (1 - y01) * log(1 - p)), axis: 1))"),
    closed: siglip,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "softplus minus the sum of the diagonal",
    body: text(logits, "loss = (sum(softplus(logits)) - sum[i](logits[i, i])) / n"),
    closed: siglip,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "labels by id, n × n",
    body: text(logits, "z[i, j] = where(x_id[i] == y_id[j], 1, -1)", "loss = sum[i, j](softplus(-z[i, j] * logits[i, j])) / n"),
    closed: (l, ids) => siglipByIds(l, ids),
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "labels by id, n × m",
    rectangular: true,
    body: text(logits, "z[i, j] = where(x_id[i] == y_id[j], 1, -1)", "loss = sum[i, j](softplus(-z[i, j] * logits[i, j])) / n"),
    closed: (l, ids) => siglipByIds(l, ids),
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "divided by the count of positives",
    rectangular: true,
    body: text(
      logits,
      "pos[i, j] = x_id[i] == y_id[j]",
      "loss = sum[i, j](softplus(where(pos[i, j], -1, 1) * logits[i, j])) / sum[i, j](where(pos[i, j], 1, 0))",
    ),
    closed: (l, ids) => siglipByIds(l, ids, positives(l, ids)),
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "weights from the logits, gradient stopped",
    body: text(
      logits,
      z,
      "w[i, j] = stop_gradient(sigmoid(-z[i, j] * logits[i, j]))",
      "loss = sum[i, j](w[i, j] * softplus(-z[i, j] * logits[i, j])) / sum[i, j](w[i, j])",
    ),
    closed: (l) => weighted(l, false),
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "weights from the logits, with gradient",
    body: text(
      logits,
      z,
      "w[i, j] = sigmoid(-z[i, j] * logits[i, j])",
      "loss = sum[i, j](w[i, j] * softplus(-z[i, j] * logits[i, j])) / sum[i, j](w[i, j])",
    ),
    closed: (l) => weighted(l, true),
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "log of the sum",
    body: text(logits, "loss = log(sum[i, j](softplus(logits[i, j])))"),
    closed: logOfSum,
    sweeps: 1,
    contractions: 1,
  },
  {
    name: "softmax cross entropy of logits and of their transpose",
    body: text(
      "logits = exp(t_prime) * (x @ y.T) + bias",
      "rows = -sum(eye(n) * log(softmax(logits, axis: 1))) / n",
      "columns = -sum(eye(n) * log(softmax(logits.T, axis: 1))) / n",
      "loss = (rows + columns) / 2",
    ),
    closed: clip,
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "logsumexp over both axes minus the diagonal",
    body: text(
      logits,
      "loss = (mean[i](logsumexp[j](logits[i, j])) + mean[j](logsumexp[i](logits[i, j])) - 2 * mean[i](logits[i, i])) / 2",
    ),
    closed: clip,
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "a similarity of its own for the text side",
    body: text(
      "per_image = exp(t_prime) * (x @ y.T) + bias",
      "per_text = exp(t_prime) * (y @ x.T) + bias",
      "rows = logsumexp(per_image, axis: 1) - diag(per_image)",
      "columns = logsumexp(per_text, axis: 1) - diag(per_text)",
      "loss = (mean(rows) + mean(columns)) / 2",
    ),
    closed: clip,
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "sigmoid and softmax over the same logits",
    body: text(
      logits,
      z,
      "sigmoid_part = sum[i, j](softplus(-z[i, j] * logits[i, j])) / n",
      "softmax_part = (mean[i](logsumexp[j](logits[i, j]) - logits[i, i]) + mean[j](logsumexp[i](logits[i, j]) - logits[j, j])) / 2",
      "loss = sigmoid_part + softmax_part",
    ),
    closed: (l) => sumOf(siglip(l), clip(l)),
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "supervised contrastive: mean over the positives of a row",
    rectangular: true,
    body: text(
      logits,
      "pos[i, j] = x_id[i] == y_id[j]",
      "lse[i] = logsumexp[j](logits[i, j])",
      "per_row[i] = sum[j](where(pos[i, j], logits[i, j] - lse[i], 0)) / sum[j](where(pos[i, j], 1, 0))",
      "loss = -mean[i](per_row[i])",
    ),
    closed: supCon,
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "hardest negative in both directions",
    body: text(
      logits,
      "negative[i, j] = where(i == j, -inf, logits[i, j])",
      "rows[i] = relu(0.5 + max[j](negative[i, j]) - logits[i, i])",
      "columns[j] = relu(0.5 + max[i](negative[i, j]) - logits[j, j])",
      "loss = (sum[i](rows[i]) + sum[j](columns[j])) / n",
    ),
    closed: (l) => hardestNegative(l, 0.5),
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "the k hardest negatives of each row",
    body: text(
      logits,
      z,
      "hard[i, j] = in_top_k[j](where(i == j, -inf, logits[i, j]), k: 3)",
      "w[i, j] = where(i == j, 1, where(hard[i, j], 0.5, 0))",
      "loss = sum[i, j](w[i, j] * softplus(-z[i, j] * logits[i, j])) / n",
    ),
    closed: (l) => hardNegatives(l, 3),
    sweeps: 2,
    contractions: 1,
  },
  {
    name: "softplus of logits plus their transpose",
    body: text(logits, "loss = sum[i, j](softplus(logits[i, j] + logits[j, i])) / n"),
    closed: symmetric,
    sweeps: 1,
    contractions: 2,
  },
  {
    name: "squared row sums",
    body: text(logits, "row[i] = sum[j](softplus(logits[i, j]))", "loss = sum[i](row[i] ** 2) / (n * n)"),
    closed: squaredRows,
    sweeps: 2,
    contractions: 1,
  },
];

/** Rows with parameters or shapes of their own; their gradients are checked beside the others'. */
export const lossScale = {
  name: "a learned loss scale",
  body: text("param s : f32 = 0.3", logits, z, "loss = exp(-s) * sum[i, j](softplus(-z[i, j] * logits[i, j])) / n + s"),
  sweeps: 1,
  contractions: 1,
};
export const selfSimilarity = {
  name: "self-similarity logsumexp",
  body: text("logits[i, j] = exp(t_prime) * dot(x[i], x[j]) + bias", "loss = mean[i](logsumexp[j](where(i == j, -inf, logits[i, j])))"),
  closed: selfUniformity,
  sweeps: 2,
  contractions: 1,
};
export const twoTemperatures = {
  name: "two temperatures over one similarity",
  body: text(
    "param u_prime : f32 = log(3)",
    "param offset : f32 = 0.5",
    z,
    "s[i, j] = dot(x[i], y[j])",
    "first[i, j] = softplus(-z[i, j] * (exp(t_prime) * s[i, j] + bias))",
    "second[i, j] = softplus(-z[i, j] * (exp(u_prime) * s[i, j] + offset))",
    "loss = sum[i, j](first[i, j] + second[i, j]) / n",
  ),
  sweeps: 1,
  contractions: 1,
};
