/**
 * Losses over logits and their gradients by hand: `loss` and G = ∂loss/∂logits. Imports nothing from the compiler.
 * With l = exp(t')·X·Yᵀ + b: ∂X = t·G·Y, ∂Y = t·Gᵀ·X, ∂t' = t·Σ G∘S, ∂b = Σ G.
 */
import { at, map, type Matrix, matrix, rowOf, total, transpose } from "./matrix.js";

export type Loss = { readonly loss: number; readonly G: Matrix };
/** Which class each row and column belongs to. */
export type Ids = { readonly rows: readonly number[]; readonly columns: readonly number[] };

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const eye = (i: number, j: number): number => (i === j ? 1 : 0);

/** log Σ exp over a row. */
function logSumExp(row: Matrix): number {
  const largest = row.data.reduce((max, x) => Math.max(max, x), Number.NEGATIVE_INFINITY);
  return largest === Number.NEGATIVE_INFINITY ? largest : largest + Math.log(total(row, (x) => Math.exp(x - largest)));
}
const rowLse = (l: Matrix): readonly number[] => Array.from({ length: l.rows }, (_, i) => logSumExp(rowOf(l, i)));

/** −Σ log σ(z·l) / by, z = ±1. Zhai et al. 2023. */
export function pairwiseSigmoid(l: Matrix, z: (i: number, j: number) => number, by: number): Loss {
  return { loss: total(l, (x, i, j) => softplus(-z(i, j) * x)) / by, G: map(l, (x, i, j) => (-z(i, j) * sigmoid(-z(i, j) * x)) / by) };
}
export const siglip = (l: Matrix): Loss => pairwiseSigmoid(l, (i, j) => 2 * eye(i, j) - 1, l.rows);
export const sameId =
  ({ rows, columns }: Ids) =>
  (i: number, j: number): boolean =>
    rows[i] === columns[j];
export const siglipByIds = (l: Matrix, ids: Ids, by = l.rows): Loss => pairwiseSigmoid(l, (i, j) => (sameId(ids)(i, j) ? 1 : -1), by);
export const positives = (l: Matrix, ids: Ids): number => total(l, (_, i, j) => (sameId(ids)(i, j) ? 1 : 0));

/** Σ w·softplus(−z·l) / Σ w with w = σ(−z·l), through which the gradient flows or not. */
export function weighted(l: Matrix, throughWeights: boolean): Loss {
  const z = (i: number, j: number): number => 2 * eye(i, j) - 1;
  const w = map(l, (x, i, j) => sigmoid(-z(i, j) * x));
  const W = total(w);
  const A = total(l, (x, i, j) => at(w, i, j) * softplus(-z(i, j) * x));
  const G = map(l, (x, i, j) => {
    const s = at(w, i, j);
    const direct = (s * -z(i, j) * s) / W;
    const slope = -z(i, j) * s * (1 - s);
    return throughWeights ? direct + (slope * softplus(-z(i, j) * x)) / W - (A / W / W) * slope : direct;
  });
  return { loss: A / W, G };
}

/** log Σ softplus(l). */
export function logOfSum(l: Matrix): Loss {
  const A = total(l, softplus);
  return { loss: Math.log(A), G: map(l, (x) => sigmoid(x) / A) };
}

/** (mean over rows of lse − diagonal + the same over columns) / 2. Radford et al. 2021. */
export function clip(l: Matrix): Loss {
  const n = l.rows;
  const [rows, columns] = [rowLse(l), rowLse(transpose(l))];
  const diagonal = Array.from({ length: n }, (_, i) => at(l, i, i));
  const loss = diagonal.reduce((sum, own, i) => sum + ((rows[i] ?? 0) - own) + ((columns[i] ?? 0) - own), 0) / (2 * n);
  return { loss, G: map(l, (x, i, j) => (Math.exp(x - (rows[i] ?? 0)) + Math.exp(x - (columns[j] ?? 0)) - 2 * eye(i, j)) / (2 * n)) };
}

export const sumOf = (a: Loss, b: Loss): Loss => ({ loss: a.loss + b.loss, G: map(a.G, (x, i, j) => x + at(b.G, i, j)) });

/** −mean_i (1/|P_i|) Σ_{j in P_i} (l_ij − lse_i): Khosla et al. 2020, over two modalities. */
export function supCon(l: Matrix, ids: Ids): Loss {
  const n = l.rows;
  const lse = rowLse(l);
  const count = lse.map((_, i) => ids.columns.filter((id) => id === ids.rows[i]).length);
  const positive = sameId(ids);
  const loss = -total(l, (x, i, j) => (positive(i, j) ? (x - (lse[i] ?? 0)) / (count[i] ?? 1) : 0)) / n;
  return {
    loss,
    G: map(l, (x, i, j) => (Math.exp(x - (lse[i] ?? 0)) * ((count[i] ?? 0) > 0 ? 1 : 0) - (positive(i, j) ? 1 / (count[i] ?? 1) : 0)) / n),
  };
}

/** Σ_i [margin + max_{j≠i} l_ij − l_ii]₊ and the same over columns, / n. Faghri et al. 2018 (VSE++). */
export function hardestNegative(l: Matrix, margin: number): Loss {
  const n = l.rows;
  const G = matrix(n, n, () => 0);
  let loss = 0;
  const add = (i: number, j: number, by: number): void => {
    G.data[i * n + j] = (G.data[i * n + j] ?? 0) + by / n;
  };
  for (const byRow of [true, false])
    for (let i = 0; i < n; i++) {
      const value = (j: number): number => (byRow ? at(l, i, j) : at(l, j, i));
      let best = -1;
      for (let j = 0; j < n; j++) if (j !== i && (best < 0 || value(j) > value(best))) best = j;
      const hinge = best < 0 ? Number.NEGATIVE_INFINITY : margin + value(best) - value(i);
      if (hinge <= 0) continue;
      loss += hinge / n;
      add(i, i, -1);
      if (byRow) add(i, best, 1);
      else add(best, i, 1);
    }
  return { loss, G };
}

/** siglip, its negatives weighted: 1 for positives, ½ for a row's k hardest negatives, else 0; divided by n. */
export function hardNegatives(l: Matrix, k: number): Loss {
  const n = l.rows;
  const weight = matrix(n, l.columns, (i, j) => {
    if (i === j) return 1;
    const harder = Array.from({ length: l.columns }, (_, c) => c).filter(
      (c) => c !== i && (at(l, i, c) > at(l, i, j) || (at(l, i, c) === at(l, i, j) && c < j)),
    );
    return harder.length < k ? 0.5 : 0;
  });
  const z = (i: number, j: number): number => 2 * eye(i, j) - 1;
  return {
    loss: total(l, (x, i, j) => at(weight, i, j) * softplus(-z(i, j) * x)) / n,
    G: map(l, (x, i, j) => (-z(i, j) * at(weight, i, j) * sigmoid(-z(i, j) * x)) / n),
  };
}

/** Σ softplus(l + lᵀ) / n. */
export function symmetric(l: Matrix): Loss {
  const sum = map(l, (x, i, j) => x + at(l, j, i));
  return { loss: total(sum, softplus) / l.rows, G: map(sum, (x) => (2 * sigmoid(x)) / l.rows) };
}

/** mean_i logsumexp_{j≠i} l_ij over a self-similarity. Chen et al. 2020 without the positive term. */
export function selfUniformity(l: Matrix): Loss {
  const n = l.rows;
  const lse = Array.from({ length: n }, (_, i) => logSumExp(matrix(1, n, (_r, j) => (i === j ? Number.NEGATIVE_INFINITY : at(l, i, j)))));
  return { loss: lse.reduce((sum, x) => sum + x, 0) / n, G: map(l, (x, i, j) => (i === j ? 0 : Math.exp(x - (lse[i] ?? 0)) / n)) };
}

/** Σ_i (Σ_j softplus(l_ij))² / n². */
export function squaredRows(l: Matrix): Loss {
  const n = l.rows;
  const rows = Array.from({ length: n }, (_, i) => total(rowOf(l, i), softplus));
  return { loss: rows.reduce((sum, r) => sum + r * r, 0) / (n * n), G: map(l, (x, i) => (2 * (rows[i] ?? 0) * sigmoid(x)) / (n * n)) };
}
