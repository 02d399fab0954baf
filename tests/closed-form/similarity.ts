/** From the gradient by logits to the gradients of embeddings, temperature and bias, by hand. */
import { at, map, type Matrix, scale, times, timesTransposed, total, transpose } from "./matrix.js";

export type Parameters = { readonly tPrime: number; readonly bias: number };
export type Gradients = { readonly x: Matrix; readonly y: Matrix; readonly t_prime: number; readonly bias: number };

/** l = exp(t')·X·Yᵀ + b. Zhai et al. 2023, Algorithm 1. */
export const logitsOf = (x: Matrix, y: Matrix, { tPrime, bias }: Parameters): Matrix =>
  map(timesTransposed(x, y), (s) => Math.exp(tPrime) * s + bias);

export function gradientsOf(G: Matrix, x: Matrix, y: Matrix, { tPrime }: Parameters): Gradients {
  const t = Math.exp(tPrime);
  const S = timesTransposed(x, y);
  return {
    x: scale(times(G, y), t),
    y: scale(times(transpose(G), x), t),
    t_prime: t * total(G, (g, i, j) => g * at(S, i, j)),
    bias: total(G),
  };
}

/** Rows of unit length, and the way back: ∂u = (∂x − x·⟨x, ∂x⟩) / ‖u‖. */
export function normalise(u: Matrix): { readonly x: Matrix; readonly back: (dx: Matrix) => Matrix } {
  const norms = Array.from({ length: u.rows }, (_, i) =>
    Math.sqrt(total({ rows: 1, columns: u.columns, data: u.data.slice(i * u.columns, (i + 1) * u.columns) }, (v) => v * v)),
  );
  const x = map(u, (v, i) => v / (norms[i] ?? 1));
  const back = (dx: Matrix): Matrix => {
    const along = Array.from({ length: u.rows }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < u.columns; k++) sum += at(x, i, k) * at(dx, i, k);
      return sum;
    });
    return map(dx, (d, i, k) => (d - at(x, i, k) * (along[i] ?? 0)) / (norms[i] ?? 1));
  };
  return { x, back };
}
